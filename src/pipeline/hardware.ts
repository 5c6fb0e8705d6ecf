/** What common GPUs and Apple chips can do, from their makers' data sheets. */

import { editDistance } from '../domain/edit-distance.ts';
import { SignalboxError } from '../domain/errors.ts';
import { checkNumber, invalid } from './checks.ts';
import type { NodeHardware } from './node.ts';

export interface KnownHardware {
  readonly name: string;
  /** Dense FP16 with FP32 accumulation, without sparsity. */
  readonly tflopsFp16: number;
  /** Absent where machines of the same chip are sold with more or less. */
  readonly memoryGb?: number;
  readonly memoryBandwidthGBps: number;
  readonly device: 'cuda' | 'rocm' | 'mlx';
  readonly source: string;
}

type Row = readonly [name: string, tflopsFp16: number, memoryGb: number, memoryBandwidthGBps: number];

const DATA_SHEETS: readonly (readonly [device: 'cuda' | 'rocm', source: string, rows: readonly Row[]])[] = [
  [
    'cuda',
    'NVIDIA data sheets of the data-centre GPUs',
    [
      ['GB200', 2500, 186, 8000],
      ['B200', 2250, 180, 7700],
      ['H200', 989.4, 141, 4800],
      ['H100', 989.4, 80, 3350],
      ['H100 PCIe', 756, 80, 2000],
      ['H100 NVL', 835, 94, 3900],
      ['A100 80GB', 312, 80, 2039],
      ['A100 80GB PCIe', 312, 80, 1935],
      ['A100 40GB', 312, 40, 1555],
      ['V100 32GB', 125, 32, 900],
      ['V100 16GB', 125, 16, 900],
      ['L40S', 362, 48, 864],
      ['L40', 181, 48, 864],
      ['L4', 121, 24, 300],
      ['A40', 149.7, 48, 696],
      ['A30', 165, 24, 933],
      ['A10', 125, 24, 600],
      ['T4', 65, 16, 320],
    ],
  ],
  [
    'cuda',
    'NVIDIA architecture white papers (Ampere GA102, Ada, RTX Blackwell), tensor cores with FP32 accumulation',
    [
      ['RTX 5090', 209.5, 32, 1792],
      ['RTX 5080', 112.6, 16, 960],
      ['RTX 5070 Ti', 87.9, 16, 896],
      ['RTX 4090', 165.2, 24, 1008],
      ['RTX 4080', 97.5, 16, 717],
      ['RTX 3090 Ti', 80, 24, 1008],
      ['RTX 3090', 71, 24, 936],
      ['RTX 3080', 59.5, 10, 760],
      ['RTX 6000 Ada', 364.2, 48, 960],
      ['RTX A6000', 154.8, 48, 768],
    ],
  ],
  [
    'rocm',
    'AMD data sheets of the Instinct and Radeon series',
    [
      ['MI355X', 2516.6, 288, 8000],
      ['MI325X', 1307.4, 256, 6000],
      ['MI300X', 1307.4, 192, 5300],
      ['MI250X', 383, 128, 3277],
      ['MI210', 181, 64, 1638],
      ['RX 7900 XTX', 122.8, 24, 960],
    ],
  ],
];

/** Cores of the largest variant, their clock in GHz, GB/s. */
const APPLE_CHIPS: readonly (readonly [
  name: string,
  cores: number,
  ghz: number,
  memoryBandwidthGBps: number,
])[] = [
  ['M1', 8, 1.278, 68],
  ['M1 Pro', 16, 1.296, 200],
  ['M1 Max', 32, 1.296, 400],
  ['M1 Ultra', 64, 1.296, 800],
  ['M2', 10, 1.398, 100],
  ['M2 Pro', 19, 1.398, 200],
  ['M2 Max', 38, 1.398, 400],
  ['M2 Ultra', 76, 1.398, 800],
  ['M3', 10, 1.398, 100],
  ['M3 Pro', 18, 1.398, 150],
  ['M3 Max', 40, 1.398, 400],
  ['M3 Ultra', 80, 1.398, 819],
  ['M4', 10, 1.578, 120],
  ['M4 Pro', 20, 1.678, 273],
  ['M4 Max', 40, 1.678, 546],
];

/** Two operations for each of 128 lanes a core; half precision runs as fast as single. */
const APPLE_FLOPS_PER_CORE_AND_CYCLE = 256;

export const KNOWN_HARDWARE: readonly KnownHardware[] = [
  ...DATA_SHEETS.flatMap(([device, source, rows]) =>
    rows.map(([name, tflopsFp16, memoryGb, memoryBandwidthGBps]) => ({
      name,
      tflopsFp16,
      memoryGb,
      memoryBandwidthGBps,
      device,
      source,
    })),
  ),
  ...APPLE_CHIPS.map(([name, cores, ghz, memoryBandwidthGBps]) => ({
    name,
    tflopsFp16: Math.round((APPLE_FLOPS_PER_CORE_AND_CYCLE * cores * ghz) / 100) / 10,
    memoryBandwidthGBps,
    device: 'mlx' as const,
    source: `Apple: ${cores} GPU cores and memory bandwidth; measured clock of ${ghz} GHz`,
  })),
];

/** Names under which drivers and people know them besides. */
const ALIASES: Readonly<Record<string, string>> = {
  'H100 SXM': 'H100',
  'H100 80GB HBM3': 'H100',
  'H200 SXM': 'H200',
  A100: 'A100 80GB',
  'A100 SXM4 80GB': 'A100 80GB',
  'A100 SXM4 40GB': 'A100 40GB',
  V100: 'V100 16GB',
  'RTX 6000 Ada Generation': 'RTX 6000 Ada',
  A6000: 'RTX A6000',
  'Tesla T4': 'T4',
  5090: 'RTX 5090',
  4090: 'RTX 4090',
  3090: 'RTX 3090',
};

export interface HardwareOptions {
  readonly gpuCount?: number;
  /** Of one GPU; must be given for Apple chips. */
  readonly memoryGb?: number;
}

/**
 * The hardware of a node by its GPU's name, as people or drivers spell it.
 *
 * @throws {SignalboxError} `not_found` with the nearest known name; `invalid_value` where the memory must be given
 */
export function hardwareOf(name: string, { gpuCount = 1, memoryGb }: HardwareOptions = {}): NodeHardware {
  const known = BY_NAME.get(plain(name));
  if (known === undefined) {
    const message = `No GPU named ${name.slice(0, LONGEST_NAME)} is known; the nearest is ${nearest(name)}. Give its figures instead.`;
    throw new SignalboxError('not_found', message, { param: 'gpuName' });
  }
  const memory = memoryGb ?? known.memoryGb;
  if (memory === undefined) throw invalid('memoryGb', memory, `the memory of the ${known.name} in GB`);
  checkNumber('memoryGb', memory, { above: 0 });
  checkNumber('gpuCount', gpuCount, { min: 1, isWhole: true });
  return {
    gpuName: known.name,
    gpuCount,
    tflopsFp16: known.tflopsFp16,
    memoryGb: memory,
    memoryBandwidthGBps: known.memoryBandwidthGBps,
    device: known.device,
  };
}

const LONGEST_NAME = 60;

const BY_NAME: ReadonlyMap<string, KnownHardware> = new Map([
  ...KNOWN_HARDWARE.map((each) => [plain(each.name), each] as const),
  ...Object.entries(ALIASES).map(
    ([alias, name]) => [plain(alias), KNOWN_HARDWARE.find((each) => each.name === name)!] as const,
  ),
]);

function plain(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/nvidia|geforce|apple|amd|instinct|radeon/g, '')
    .replaceAll(/[\s_-]/g, '');
}

function nearest(name: string): string {
  const wanted = plain(name.slice(0, LONGEST_NAME));
  const distance = (each: KnownHardware) => editDistance(wanted, plain(each.name));
  return KNOWN_HARDWARE.reduce((best, each) => (distance(each) < distance(best) ? each : best)).name;
}
