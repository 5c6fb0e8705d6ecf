/** What the caller can put right: it ends the command with its message alone. */
export class PlanError extends Error {
  override readonly name = 'PlanError';
}
