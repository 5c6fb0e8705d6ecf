/** A step of the reading: takes items one by one and gives back what is ready, so that nothing is held for long. */

export interface Stage<In, Out> {
  push(item: In): readonly Out[];
  /** What was still held, once no more items come. */
  end(): readonly Out[];
}
