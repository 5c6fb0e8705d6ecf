/** Keeps instances with the labels that are asked for, by the profile or by the request. */

import type { RequestMetadata } from '../../domain/index.ts';
import { definePart, type Filter } from '../plugins.ts';

/** A request's tag that begins so asks for a label: `label.zone: eu`. */
const TAG_PREFIX = 'label.';

export const labels = definePart({
  name: 'labels',
  describe: 'Keeps instances that have the labels given, and those in tags `label.NAME` of the request.',
  parameters: {
    labels: { type: 'map', default: {}, describe: 'What each instance must have, as in `{ zone: eu }`.' },
    fromTags: {
      type: 'boolean',
      default: true,
      describe: 'Whether requests may ask for labels by their tags.',
    },
  },
  create: ({ labels: wanted, fromTags }): Filter => {
    const always = Object.entries(wanted);
    return {
      name: 'labels',
      apply(request, views, dropped, mark) {
        const asked = fromTags ? [...always, ...askedFor(request)] : always;
        if (asked.length === 0) return;
        for (let i = 0; i < views.length; i++) {
          if (dropped[i] !== 0) continue;
          const has = views[i]!.instance.labels;
          if (asked.some(([name, value]) => has[name] !== value)) dropped[i] = mark;
        }
      },
    };
  },
});

function askedFor({ tags }: RequestMetadata): [name: string, value: string][] {
  return Object.entries(tags).flatMap(([tag, value]) =>
    tag.startsWith(TAG_PREFIX) ? [[tag.slice(TAG_PREFIX.length), value]] : [],
  );
}
