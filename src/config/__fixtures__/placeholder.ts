/** `$` followed by a brace, which would read as a placeholder in a template string. */
export const placeholder = (inside: string): string => `$\{${inside}}`;
