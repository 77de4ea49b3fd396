/** A mistake of the user's: the message says where, what was given and what was expected; shown without a stack trace. */
export class UserError extends Error {
  override readonly name = 'UserError';

  /** By its name, for the files of the package have each a class of their own: to load one for all takes a check 2 ms. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === 'UserError';
  }
}

/** Runs `read`; a mistake that it finds is told with the place: `WHERE: MESSAGE`. */
export function located<T>(where: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof UserError ? new UserError(`${where}: ${error.message}`) : error;
  }
}
