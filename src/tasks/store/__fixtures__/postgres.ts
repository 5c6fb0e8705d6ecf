/** The PostgreSQL that tests may use, if one is named; each test file gets schemas of its own in it. */

import { randomBytes } from 'node:crypto';
import pg from 'pg';

export const POSTGRES_URL = process.env.SIGNALBOX_TEST_POSTGRES;

export const WHY_SKIPPED = 'SIGNALBOX_TEST_POSTGRES names no PostgreSQL';

const made: string[] = [];

export function aSchema(): string {
  const name = `test_${randomBytes(6).toString('hex')}`;
  made.push(name);
  return name;
}

export async function dropSchemas(): Promise<void> {
  await asOperator(async (client) => {
    for (const name of made.splice(0)) {
      await client.query(`DROP SCHEMA IF EXISTS ${name}, ${name}_jobs CASCADE`);
    }
  });
}

export async function asOperator<T>(work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: POSTGRES_URL });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
