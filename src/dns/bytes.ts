import type DNS from 'dns2';

/**
 * dns2 reads and writes through objects that keep each bit as an array element, which is half of what a lookup costs.
 * These do the same on bytes. Fields are of 1 to 32 bits; those of 8 and more begin on a byte, as they do in DNS.
 */
export class ByteReader implements DNS.Packet.Reader {
  /** In bits. */
  offset: number;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer, offset: number) {
    this.#bytes = bytes;
    this.offset = offset * 8;
  }

  /** Throws RangeError beyond the end. */
  read(bits: number): number {
    const at = this.offset >> 3;
    this.offset += bits;
    if (bits % 8 === 0) return this.#bytes.readUIntBE(at, bits >> 3);
    return (this.#bytes.readUInt8(at) >> (8 - ((this.offset - bits) & 7) - bits)) & ((1 << bits) - 1);
  }
}

/** For queries: header and question only. */
export class ByteWriter implements DNS.Packet.Writer {
  buffer: number[] = [];
  #pending = 0;
  #pendingBits = 0;

  write(value: number, bits: number): void {
    if (this.#pendingBits === 0 && bits % 8 === 0) {
      for (let shift = bits - 8; shift >= 0; shift -= 8) this.buffer.push((value >>> shift) & 255);
      return;
    }
    this.#pending = (this.#pending << bits) | (value & ((1 << bits) - 1));
    this.#pendingBits += bits;
    if (this.#pendingBits < 8) return;
    this.buffer.push(this.#pending & 255);
    this.#pending = 0;
    this.#pendingBits = 0;
  }

  writeBuffer(other: DNS.Packet.Writer): void {
    this.buffer.push(...other.buffer);
  }

  toBuffer(): Buffer {
    return Buffer.from(this.buffer);
  }
}
