/** From the output of `nvidia-smi topo -m` to labels: which GPUs have NVLink to each other, and on which NUMA node each is. */

/** One GPU of a machine. */
export interface GpuTopology {
  /** Its number, as in `GPU3`. */
  readonly gpu: number;
  /** Numbers of the GPUs that it reaches by NVLink. */
  readonly nvlinkPeers: readonly number[];
  readonly numaNode?: number;
}

/** What the matrix may say of two devices: itself, NVLink, and paths over PCIe, the NUMA node, or between nodes. */
const CELL = /^(X|NV\d+|SYS|NODE|PHB|PXB|PIX|C2C|N\/A)$/;
const GPU_NAME = /^GPU(\d+)$/;

/**
 * @throws RangeError saying what was expected where, and what was found
 */
export function parseNvidiaTopology(text: string): readonly GpuTopology[] {
  const lines = text.split(/\r?\n/).map((line) => cellsOf(line));
  const header = lines.find((cells) => cells[0] !== undefined && GPU_NAME.test(cells[0]) && !isRow(cells));
  if (header === undefined) throw notTheMatrix(text);
  const columns = header.flatMap((name, at) => {
    const gpu = GPU_NAME.exec(name)?.[1];
    return gpu === undefined ? [] : [{ gpu: Number(gpu), at }];
  });
  const numaAt = header.indexOf('NUMA Affinity');
  return columns.map(({ gpu }) => {
    const row = lines.find((cells) => cells[0] === `GPU${gpu}` && isRow(cells));
    if (row === undefined) throw new RangeError(`topology: the row of GPU${gpu} is missing`);
    return readRow(gpu, row.slice(1), columns, numaAt);
  });
}

interface Column {
  readonly gpu: number;
  readonly at: number;
}

function readRow(
  gpu: number,
  row: readonly string[],
  columns: readonly Column[],
  numaAt: number,
): GpuTopology {
  const nvlinkPeers = columns.flatMap((column) => {
    const cell = row[column.at];
    if (cell === undefined || !CELL.test(cell)) {
      const allowed = 'X, NV followed by a number, SYS, NODE, PHB, PXB, PIX, C2C or N/A';
      const found = cell === undefined ? 'nothing' : `"${cell}"`;
      throw new RangeError(`topology: GPU${gpu} to GPU${column.gpu} must be ${allowed}, found ${found}`);
    }
    return cell.startsWith('NV') ? [column.gpu] : [];
  });
  const numa = numaAt < 0 ? undefined : row[numaAt];
  // A list of nodes means that no one of them is nearest.
  return { gpu, nvlinkPeers, ...(numa !== undefined && /^\d+$/.test(numa) && { numaNode: Number(numa) }) };
}

/** The header is drawn underlined. */
const ESCAPE_CODES = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');

/** Cells are apart by tabs, or by several blanks where a terminal made blanks of them. */
function cellsOf(line: string): string[] {
  return line
    .replace(ESCAPE_CODES, '')
    .trim()
    .split(/\s*\t\s*|\s{2,}/)
    .filter((cell) => cell !== '');
}

/** A row goes on with a cell of the matrix, the header with the next name. */
function isRow([, second]: readonly string[]): boolean {
  return second !== undefined && CELL.test(second);
}

function notTheMatrix(text: string): RangeError {
  const first = text.trim().split(/\r?\n/, 1)[0]!.slice(0, 60);
  const found = first === '' ? 'nothing' : `"${first}"`;
  return new RangeError(`topology: expected the matrix of \`nvidia-smi topo -m\`, found ${found}`);
}

/**
 * Labels of instances that have one GPU each, by the GPU's number.
 * @param idOf the instance on a GPU; a GPU without one is left out
 */
export function topologyLabels(
  gpus: readonly GpuTopology[],
  machine: string,
  idOf: (gpu: number) => string | undefined,
): ReadonlyMap<number, Readonly<Record<string, string>>> {
  const labelled = gpus.filter(({ gpu }) => idOf(gpu) !== undefined);
  return new Map(
    labelled.map(({ gpu, nvlinkPeers, numaNode }) => {
      const peers = nvlinkPeers.flatMap((peer) => idOf(peer) ?? []);
      const labels = {
        machine,
        ...(numaNode !== undefined && { numa_node: String(numaNode) }),
        ...(peers.length > 0 && { nvlink_peers: peers.join(',') }),
      };
      return [gpu, labels];
    }),
  );
}
