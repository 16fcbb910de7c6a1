// Serial Flash Discoverable Parameters, JEDEC JESD216: a table in the chip that says how large it is and how to erase it.

/** What the driver must know of a flash chip. */
export interface NorGeometry {
  /** Bytes in the chip. */
  readonly size: number;
  /** A page program stays inside one page of this many bytes. */
  readonly pageBytes: number;
  /** Opcode that erases 4,096 bytes. */
  readonly eraseOpcode: number;
}

/** Bytes of the header and the first parameter header, at address 0. */
export const SFDP_HEADER_BYTES = 16;

/** Bytes of the basic flash parameter table that the driver reads: 11 double words. */
export const BASIC_TABLE_BYTES = 44;

const DWORD_BYTES = 4;
const DEFAULT_PAGE_BYTES = 256;

/** Manufacturers whose third JEDEC id byte is the size as a power of two, and which erase 4 KB by opcode 20h. */
const CAPACITY_BY_ID = [
  0xef, // Winbond W25Q
  0xc8, // GigaDevice GD25
  0xc2, // Macronix MX25
];
const ERASE_4K = 0x20;

/**
 * Where the basic table lies, from the first SFDP_HEADER_BYTES of the table, or undefined where there is no SFDP.
 * `length` is in bytes.
 */
export function findBasicTable(header: Buffer): { address: number; length: number } | undefined {
  const isSfdp = header[0] === 0x53 && header[1] === 0x46 && header[2] === 0x44 && header[3] === 0x50;
  // JESD216 puts the basic table first: id FF00h.
  if (!isSfdp || header[8] !== 0x00 || header[15] !== 0xff) return undefined;
  return { address: header[12] | (header[13] << 8) | (header[14] << 16), length: header[11] * DWORD_BYTES };
}

/** Reads the basic table (as much of BASIC_TABLE_BYTES as the chip has); undefined if it has no 4 KB erase or no 3-byte addresses. */
export function parseBasicTable(table: Buffer): NorGeometry | undefined {
  if (table.length < 2 * DWORD_BYTES) return undefined;
  const erases4K = (table[0] & 0x03) === 0x01;
  const addressing = (table[2] >> 1) & 0x03;
  if (!erases4K || addressing === 2) return undefined;
  return {
    size: sizeFromDensity(table),
    // Double word 11, bits 7 to 4, exists since JESD216A.
    pageBytes: table.length >= BASIC_TABLE_BYTES ? 1 << (table[40] >> 4) : DEFAULT_PAGE_BYTES,
    eraseOpcode: table[1],
  };
}

/** What the JEDEC id alone says, for chips older than SFDP; undefined for makers that this driver does not know. */
export function geometryFromId(id: Buffer): NorGeometry | undefined {
  if (CAPACITY_BY_ID.indexOf(id[0]) < 0 || id[2] < 0x10 || id[2] > 0x20) return undefined;
  return { size: 2 ** id[2], pageBytes: DEFAULT_PAGE_BYTES, eraseOpcode: ERASE_4K };
}

/** Double word 2: bits minus one, or with the top bit set the power of two of the bits. */
function sizeFromDensity(table: Buffer): number {
  if (table[7] & 0x80) return 2 ** (table[4] - 3);
  return (table[4] + table[5] * 0x100 + table[6] * 0x10000 + table[7] * 0x1000000 + 1) / 8;
}
