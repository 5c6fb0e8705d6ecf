/** The k-th choice takes the k-th of those that are left, modulo their number: round robin by counting, as routers do it. */

import { definePart, type Picker } from '../plugins.ts';

export const turns = definePart({
  name: 'turns',
  describe: 'The k-th of those left at the k-th choice, modulo their number.',
  parameters: {},
  create: (): Picker => {
    let choices = 0;
    return { name: 'turns', pick: (views) => choices++ % views.length };
  },
});
