/** A database's address without its password, a folder as it is: fit to be shown. */
export function withoutPassword(where: string): string {
  if (!/^[a-z]+:\/\//i.test(where)) return where;
  const url = URL.parse(where);
  if (url === null) return 'an address that cannot be read';
  if (url.password !== '') url.password = '***';
  for (const name of [...url.searchParams.keys()]) if (/pass/i.test(name)) url.searchParams.set(name, '***');
  return url.href;
}
