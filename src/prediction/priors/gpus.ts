/** What accelerators are rated at, for priors where nothing was measured. Adding one is adding a line. */

export interface GpuRating {
  /** As found in `gpuType`, in lower case without spaces and dashes; the longest that is contained wins. */
  readonly name: string;
  /** Peak memory bandwidth, GB/s. */
  readonly bandwidthGBps: number;
  /** Dense bf16 (fp16 where there is no bf16), TFLOP/s. */
  readonly teraflops: number;
}

/** From the makers' data sheets: the SXM or OAM form where there are several. */
export const GPU_RATINGS: readonly GpuRating[] = [
  { name: 'b200', bandwidthGBps: 8_000, teraflops: 2_250 },
  { name: 'h200', bandwidthGBps: 4_800, teraflops: 989 },
  { name: 'h100', bandwidthGBps: 3_350, teraflops: 989 },
  { name: 'h800', bandwidthGBps: 3_350, teraflops: 989 },
  { name: 'h20', bandwidthGBps: 4_000, teraflops: 148 },
  { name: 'a100', bandwidthGBps: 2_039, teraflops: 312 },
  { name: 'a800', bandwidthGBps: 2_039, teraflops: 312 },
  { name: 'l40s', bandwidthGBps: 864, teraflops: 362 },
  { name: 'l4', bandwidthGBps: 300, teraflops: 121 },
  { name: 'a10', bandwidthGBps: 600, teraflops: 125 },
  { name: 'v100', bandwidthGBps: 900, teraflops: 125 },
  { name: 't4', bandwidthGBps: 320, teraflops: 65 },
  { name: 'rtx4090', bandwidthGBps: 1_008, teraflops: 165 },
  { name: 'rtx3090', bandwidthGBps: 936, teraflops: 71 },
  { name: 'mi300x', bandwidthGBps: 5_300, teraflops: 1_307 },
  { name: 'mi250x', bandwidthGBps: 3_277, teraflops: 383 },
];

/** The rating of an accelerator by whatever its type is called: `NVIDIA H100 80GB HBM3`. */
export function findGpuRating(gpuType: string): GpuRating | undefined {
  const text = gpuType.toLowerCase().replaceAll(/[\s_-]/g, '');
  return GPU_RATINGS.filter(({ name }) => text.includes(name)).toSorted(
    (a, b) => b.name.length - a.name.length,
  )[0];
}
