import { describeTaskStore } from './__fixtures__/suite.ts';
import { openTaskStore } from './open.ts';

describeTaskStore('PGlite in memory', () => openTaskStore({ memory: true }));
