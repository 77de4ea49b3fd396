export type Message = { from: string };
