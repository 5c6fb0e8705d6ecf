/** Cheaper instances are better. */

import { definePart, type Scorer } from '../plugins.ts';
import { inShort } from './normalise.ts';

/** score = least price / price, the price in US dollars per hour and unit of weight. One without a price counts as the dearest. */
export const cost = definePart({
  name: 'cost',
  describe: 'The cheaper an instance is per hour and unit of its weight, the better.',
  parameters: {},
  create: (): Scorer => ({
    name: 'cost',
    score(_request, views, scores, measures) {
      let least = Number.POSITIVE_INFINITY;
      let most = 0;
      for (let i = 0; i < views.length; i++) {
        const { usdPerHour, weight } = views[i]!.instance;
        const price = usdPerHour === undefined ? Number.NaN : usdPerHour / weight;
        measures[i] = price;
        if (price < least) least = price;
        if (price > most) most = price;
      }
      for (let i = 0; i < views.length; i++) {
        const price = Number.isNaN(measures[i]!) ? most : measures[i]!;
        scores[i] = price === least || price === 0 ? 1 : least / price;
      }
    },
    describe: (price) =>
      Number.isNaN(price)
        ? 'its price is not known'
        : `${inShort(price)} US dollars per hour and unit of weight`,
  }),
});
