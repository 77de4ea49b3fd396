import { setFlagsFromString } from 'node:v8';

/**
 * From now on V8's space for young objects stays as large as it is. While much is asked it would grow to a hundred
 * megabytes for nothing: what is made for a lookup lives no longer than its reply takes.
 */
export function holdYoungSpace(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
