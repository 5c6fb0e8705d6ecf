/** Every trace format there is; a new one is a file beside this and a line here. */

import type { TraceFormat } from '../trace-format.ts';
import { azureFormat } from './azure.ts';
import { burstGptFormat } from './burstgpt.ts';
import { mooncakeFormat } from './mooncake.ts';
import { vtcFormat } from './vtc.ts';

export const TRACE_FORMATS: readonly TraceFormat[] = [azureFormat, mooncakeFormat, burstGptFormat, vtcFormat];
