/** Lets everybody else have their turn in the event loop, between pieces of what takes long. */
export const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
