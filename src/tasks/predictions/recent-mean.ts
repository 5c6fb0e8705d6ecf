/** Mean and variance of a stream in which what is old counts less. */

/** Weight of the newest value once there are many; the first ones all weigh the same. */
const NEWEST_WEIGHT = 0.05;

export class RecentMean {
  count = 0;
  mean = 0;
  variance = 0;

  /** T. Finch 2009, "Incremental calculation of weighted mean and variance", §9. */
  add(value: number): void {
    this.count++;
    const weight = Math.max(NEWEST_WEIGHT, 1 / this.count);
    const step = weight * (value - this.mean);
    this.variance = (1 - weight) * (this.variance + step * (value - this.mean));
    this.mean += step;
  }
}
