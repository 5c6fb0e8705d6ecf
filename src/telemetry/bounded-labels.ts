/** Keeps the number of values of one label bounded, whatever callers send. */

/** Stands for every value beyond the limit. */
export const OTHER_LABEL = 'other';
/** Stands for every value that nothing in the fleet goes by. */
export const UNKNOWN_LABEL = 'unknown';

export interface BoundedLabels {
  /** The label for `value`: itself, `unknown`, or `other`. The empty value stays empty. */
  labelFor(value: string): string;
  /** Makes room for another value. */
  forget(value: string): void;
  values(): readonly string[];
}

export interface BoundedLabelsOptions {
  readonly maxValues: number;
  /** Whether `value` is real, asked once for each value that is not a label yet. */
  readonly isKnown: (value: string) => boolean;
}

export function createBoundedLabels({ maxValues, isKnown }: BoundedLabelsOptions): BoundedLabels {
  const values = new Set<string>();
  return {
    labelFor(value) {
      if (value === '' || values.has(value)) return value;
      if (!isKnown(value)) return UNKNOWN_LABEL;
      if (values.size >= maxValues) return OTHER_LABEL;
      values.add(value);
      return value;
    },
    forget(value) {
      values.delete(value);
    },
    values: () => [...values],
  };
}
