/**
 * The site name of a set of MX hosts, as KumoMTA rolls them up: hosts in order of preference, labels aligned from the
 * right, and at each place the distinct labels in the order in which they were seen, `(a|b)`; `?` marks a place that
 * some hosts lack. The order of the hosts matters.
 */
export function siteName(hosts: readonly string[]): string {
  const rows = hosts.map((host) =>
    host
      .toLowerCase()
      .replace(/\.(?=:|$)/, '')
      .split('.')
      .reverse(),
  );
  const width = Math.max(0, ...rows.map((row) => row.length));
  const places: string[] = [];
  for (let place = 0; place < width; place++) {
    const labels = new Set<string>();
    for (const row of rows) if (row[place] !== undefined) labels.add(row[place]!);
    const alternatives = labels.size === 1 ? [...labels][0]! : `(${[...labels].join('|')})`;
    places.push(rows.some((row) => row[place] === undefined) ? `${alternatives}?` : alternatives);
  }
  return places.reverse().join('.');
}
