/** Keeps a second process out of a directory: PGlite has no lock of its own, and two processes destroy its files. */

import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, readlink, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SignalboxError } from '../../domain/index.ts';

/** The holder touches its file so often, for those who cannot see whether its process lives. */
const REFRESH_MS = 2000;
/** A file that nobody touched for so long, watched by our own clock, has no holder. */
const SILENT_MS = 12_000;
const LOOK_MS = 250;

interface Holder {
  readonly token: string;
  readonly pid: number;
  readonly host: string;
  /** When the process began, so that a number used again is not mistaken for it; Linux only. */
  readonly startTime?: string;
  /** Boot and process-number space in which `pid` means something; Linux only. */
  readonly space?: string;
}

export interface DirectoryLock {
  release(): Promise<void>;
}

/**
 * @throws SignalboxError `conflict` when another process has it
 * `onLost` is called when somebody else took the lock from us, which happens only to a process that stood still.
 */
export async function lockDirectory(
  directory: string,
  onLost: () => void,
  silentMs = SILENT_MS,
): Promise<DirectoryLock> {
  await mkdir(directory, { recursive: true });
  const file = join(directory, 'lock.json');
  const mine = await ourselves();
  const draft = join(directory, `lock.${mine.token}`);
  await writeFile(draft, `${JSON.stringify(mine)}\n`);
  try {
    await claim(directory, file, draft, silentMs);
  } finally {
    await rm(draft, { force: true });
  }
  const refresh = setInterval(async () => {
    const now = new Date();
    if (await isTakenFrom(file, mine.token)) {
      clearInterval(refresh);
      onLost();
    } else await utimes(file, now, now).catch(() => undefined);
  }, REFRESH_MS);
  refresh.unref();
  return {
    async release() {
      clearInterval(refresh);
      if ((await readHolder(file))?.token === mine.token) await rm(file, { force: true });
    },
  };
}

async function claim(directory: string, file: string, draft: string, silentMs: number): Promise<void> {
  for (;;) {
    try {
      // A link appears whole and only where nothing is, so that of two processes one gets it.
      await link(draft, file);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = await readHolder(file);
    if (await isAlive(file, holder, silentMs)) throw taken(directory, holder);
    await removeStale(file, holder);
  }
}

/** Takes the dead holder's file away, and puts it back if it turns out to be another one that came in between. */
async function removeStale(file: string, holder: Holder | undefined): Promise<void> {
  const aside = `${file}.${randomUUID()}`;
  try {
    await rename(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if ((await readHolder(aside))?.token !== holder?.token) await link(aside, file).catch(() => undefined);
  await rm(aside, { force: true });
}

async function isAlive(file: string, holder: Holder | undefined, silentMs: number): Promise<boolean> {
  const mine = await ourselves();
  if (holder === undefined || holder.host !== mine.host || holder.space !== mine.space) {
    return isTouched(file, silentMs);
  }
  if (mine.space === undefined) return doesProcessExist(holder.pid);
  return holder.startTime !== undefined && (await startTimeOf(holder.pid)) === holder.startTime;
}

/** Whether somebody touches the file while we look; for holders on another machine, in another container, or of another boot. */
async function isTouched(file: string, silentMs: number): Promise<boolean> {
  const before = await modifiedMs(file);
  if (before === undefined) return false;
  for (let waitedMs = 0; waitedMs < silentMs; waitedMs += LOOK_MS) {
    await delay(LOOK_MS);
    const now = await modifiedMs(file);
    if (now === undefined) return false;
    if (now !== before) return true;
  }
  return false;
}

function taken(directory: string, holder: Holder | undefined): SignalboxError {
  const who = holder === undefined ? 'another process' : `process ${holder.pid} on host ${holder.host}`;
  return new SignalboxError(
    'conflict',
    `The directory ${directory} belongs to ${who}: only one process at a time may use an embedded store. Stop that process, give this one a directory of its own, or let both use one PostgreSQL.`,
  );
}

async function ourselves(): Promise<Holder> {
  const startTime = await startTimeOf(process.pid);
  const space = await processSpace();
  return {
    token: randomUUID(),
    pid: process.pid,
    host: hostname(),
    ...(startTime !== undefined && { startTime }),
    ...(space !== undefined && { space }),
  };
}

/** A file that cannot be read just now (too many are open, the disk falters) says nothing of who has it. */
async function isTakenFrom(file: string, token: string): Promise<boolean> {
  try {
    return (JSON.parse(await readFile(file, 'utf8')) as Holder).token !== token;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

async function readHolder(file: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Holder;
  } catch {
    return undefined;
  }
}

/**
 * Clock ticks since boot at which a process began: the 22nd field of its stat line (proc(5)); the 2nd may hold spaces and parentheses.
 * A zombie is dead: it only waits for its parent to notice.
 */
async function startTimeOf(pid: number): Promise<string | undefined> {
  try {
    const line = await readFile(`/proc/${pid}/stat`, 'utf8');
    const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

async function processSpace(): Promise<string | undefined> {
  try {
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8');
    return `${boot.trim()} ${await readlink('/proc/self/ns/pid')}`;
  } catch {
    return undefined;
  }
}

function doesProcessExist(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function modifiedMs(file: string): Promise<number | undefined> {
  return stat(file).then(
    (found) => found.mtimeMs,
    () => undefined,
  );
}
