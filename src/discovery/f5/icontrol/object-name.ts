/** How things on the appliance are named. */

export interface ObjectName {
  readonly name: string;
  readonly partition: string;
}

/** `~Common~pool`; a folder in the name is written with `~`, too. */
export function fullPath({ name, partition }: ObjectName): string {
  return ['', partition, ...name.split('/')].map(encodeURIComponent).join('~');
}
