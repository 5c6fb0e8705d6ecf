/** Instances that register themselves for tasks, as the doors see them. */

export interface RegistrationWish {
  readonly host: string;
  readonly port: number;
  /** What the caller says it serves; what the instance itself says wins. */
  readonly model?: string;
}

export type Registration =
  /** `isNew` is false for an address that was registered before: the same instance. */
  | { readonly type: 'registered'; readonly uuid: string; readonly model: string; readonly isNew: boolean }
  /** `reason` says what is wrong, in words for the caller. */
  | { readonly type: 'refused'; readonly reason: string };

export type InstanceName = { readonly uuid: string } | { readonly host: string; readonly port: number };

export interface RegisteredInstance {
  readonly uuid: string;
  readonly host: string;
  readonly port: number;
  readonly url: string;
  readonly model: string;
  readonly kind: 'task-instance' | 'engine';
  readonly isDraining: boolean;
}

export interface InstanceRegistry {
  /** Calls the instance to see that it is there, healthy, and what it serves; the address must be allowed. */
  register(wish: RegistrationWish): Promise<Registration>;
  /** No new work from now on; what runs may finish. `undefined` when there is no such instance. */
  remove(name: InstanceName): Promise<RegisteredInstance | undefined>;
  /** In the order of registration. */
  list(): readonly RegisteredInstance[];
  /** By UUID or by `host:port`. */
  find(name: string): RegisteredInstance | undefined;
}
