/** All contenders. One more is a file of its own, a name in `contender.ts`, and a line here. */

import type { ContenderName, ContenderPlan } from '../contender.ts';
import { DIRECT } from './direct.ts';
import { HAPROXY } from './haproxy.ts';
import { NGINX } from './nginx.ts';
import { PORTKEY } from './portkey.ts';
import { SIGNALBOX } from './signalbox.ts';

export const CONTENDER_PLANS: Readonly<Record<ContenderName, ContenderPlan>> = {
  direct: DIRECT,
  signalbox: SIGNALBOX,
  haproxy: HAPROXY,
  nginx: NGINX,
  portkey: PORTKEY,
};
