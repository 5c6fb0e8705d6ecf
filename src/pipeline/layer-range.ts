/** A run of consecutive layers. */

/** `[start, end)`: from `start` up to, not including, `end`. */
export interface LayerRange {
  readonly start: number;
  readonly end: number;
}

export const layersOf = ({ start, end }: LayerRange): number => end - start;
export const hasEmbedding = ({ start }: LayerRange): boolean => start === 0;
export const hasLmHead = ({ end }: LayerRange, numLayers: number): boolean => end === numLayers;
