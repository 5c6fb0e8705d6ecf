/** The log-in at the appliance: a token, kept until it expires and renewed when the appliance no longer takes it. */

import type { Clock } from '../../../domain/index.ts';
import { ApplianceError, failureOfStatus } from './appliance-error.ts';
import type { RestAnswer, RestCall, RestClient } from './rest.ts';

export interface Token {
  readonly name: string;
  readonly value: string;
  /** Epoch milliseconds. */
  readonly expiresAtMs: number;
}

export interface Session {
  /** Makes the call with a token; once more with a new one when the appliance refuses the first. */
  call(call: Omit<RestCall, 'token'>): Promise<RestAnswer>;
  readonly token: Token | undefined;
  /** Gives the token back: an appliance keeps only so many for a user. */
  logOut(): Promise<void>;
}

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** How long a token lives when the appliance does not say, and what is asked for instead; seconds. */
const DEFAULT_LIFETIME_S = 1_200;
const WANTED_LIFETIME_S = 36_000;

export function createSession(rest: RestClient, { username, password }: Credentials, clock: Clock): Session {
  let token: Token | undefined;
  let loggingIn: Promise<Token> | undefined;

  async function logIn(): Promise<Token> {
    const answer = await rest.call({
      method: 'POST',
      path: '/shared/authn/login',
      json: { username, password, loginProviderName: 'tmos' },
    });
    if (answer.status !== 200) {
      const failure = failureOfStatus(answer.status);
      const meaning = failure === 'missing' ? 'unreadable' : failure;
      throw new ApplianceError(meaning, `log-in: answered ${answer.status}`, answer.status);
    }
    const granted = grantedToken(answer.text);
    const lifetimeS = await extend(granted).catch(() => granted.lifetimeS);
    const { name, value } = granted;
    token = { name, value, expiresAtMs: clock.now() + lifetimeS * 1_000 };
    return token;
  }

  /** The lifetime in seconds after asking for a longer one. */
  async function extend(granted: GrantedToken): Promise<number> {
    const { status, text } = await rest.call({
      method: 'PATCH',
      path: tokenPath(granted.name),
      token: granted.value,
      json: { timeout: String(WANTED_LIFETIME_S) },
    });
    const { timeout } = status === 200 ? asObject(text) : {};
    return typeof timeout === 'number' && timeout > 0 ? timeout : granted.lifetimeS;
  }

  async function drop(): Promise<void> {
    if (token === undefined) return;
    const { name, value } = token;
    token = undefined;
    // A token that is gone already is as good as one that went now.
    await rest.call({ method: 'DELETE', path: tokenPath(name), token: value }).catch(() => undefined);
  }

  /** Calls that need a token at the same time share one log-in. */
  function renew(attempts: number): Promise<Token> {
    const retry = (error: unknown) => (attempts > 1 ? logIn() : Promise.reject(error));
    loggingIn ??= drop()
      .then(() => logIn().catch(retry))
      .finally(() => {
        loggingIn = undefined;
      });
    return loggingIn;
  }

  function validToken(): Promise<Token> | Token {
    if (loggingIn !== undefined) return loggingIn;
    return token !== undefined && clock.now() < token.expiresAtMs ? token : renew(2);
  }

  return {
    get token() {
      return token;
    },
    async call(call) {
      const used = await validToken();
      const answer = await rest.call({ ...call, token: used.value });
      if (answer.status !== 401) return answer;
      // Another call may have renewed it in the meantime.
      const fresh = token !== undefined && token !== used ? token : await renew(1);
      return rest.call({ ...call, token: fresh.value });
    },
    logOut: drop,
  };
}

interface GrantedToken {
  readonly name: string;
  readonly value: string;
  readonly lifetimeS: number;
}

function grantedToken(text: string): GrantedToken {
  const { token } = asObject(text);
  const fields = typeof token === 'object' && token !== null ? (token as Record<string, unknown>) : {};
  if (typeof fields.token !== 'string' || fields.token === '') {
    throw new ApplianceError('unreadable', 'log-in: the answer holds no token');
  }
  const name = typeof fields.name === 'string' && fields.name !== '' ? fields.name : fields.token;
  const lifetimeS =
    typeof fields.timeout === 'number' && fields.timeout > 0 ? fields.timeout : DEFAULT_LIFETIME_S;
  return { name, value: fields.token, lifetimeS };
}

const tokenPath = (name: string): string => `/shared/authz/tokens/${encodeURIComponent(name)}`;

/** Empty when the text is no JSON object. */
function asObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
