import { expectLength, FormatError } from "../base/formatError";

/** Bytes of a permission number: 128 random bits. */
export const PERMISSION_BYTES = 16;

/** The permission number of a chaff upload: 128 zero bits, never issued. It looks like any other number on the wire. */
export const CHAFF_NUMBER = Buffer.alloc(PERMISSION_BYTES);

/** Crockford base 32 symbols for 128 bits, and one check symbol. */
const PERMISSION_SYMBOLS = 27;

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CHECK_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ*~$=U";
const CHECK_MODULUS = 37;
const GROUP = 5;

/** Writes 16 bytes as people read them aloud: XXXXX-XXXXX-XXXXX-XXXXX-XXXXX-XX, the last symbol being the check. */
export function encodePermissionNumber(value: Buffer): string {
  expectLength("permission", value, PERMISSION_BYTES);
  let text = "";
  let symbols = 0;
  let pending = 0;
  // 26 symbols hold 130 bits: the first carries two leading zero bits.
  let pendingBits = 2;
  for (let i = 0; i < PERMISSION_BYTES; i++) {
    pending = (pending << 8) | value[i];
    pendingBits += 8;
    while (pendingBits >= 5) {
      pendingBits -= 5;
      text += ALPHABET[(pending >> pendingBits) & 31];
      pending &= (1 << pendingBits) - 1;
      if (++symbols % GROUP === 0) text += "-";
    }
  }
  return text + CHECK_ALPHABET[checkValue(value)];
}

/**
 * Reads a permission number as people type it: lower case, I and L for 1, O for 0, hyphens and spaces anywhere.
 *
 * @returns 16 bytes
 * @throws FormatError; its offset counts characters of the input
 */
export function decodePermissionNumber(text: string): Buffer {
  const value = Buffer.alloc(PERMISSION_BYTES);
  let symbols = 0;
  let bytes = 0;
  let pending = 0;
  let pendingBits = -2;
  let check = -1;
  for (let i = 0; i < text.length; i++) {
    const symbol = readableSymbol(text[i]);
    if (symbol === "-" || symbol === " ") continue;
    if (symbols >= PERMISSION_SYMBOLS)
      throw new FormatError("permission", i, `more than ${PERMISSION_SYMBOLS} symbols`);
    if (symbols === PERMISSION_SYMBOLS - 1) check = symbolValue(CHECK_ALPHABET, symbol, i);
    else {
      pending = (pending << 5) | symbolValue(ALPHABET, symbol, i);
      pendingBits += 5;
      if (symbols === 0 && pending > 7) throw new FormatError("permission", i, "first symbol must be 0 to 7");
      if (pendingBits >= 8) {
        pendingBits -= 8;
        value[bytes++] = pending >> pendingBits;
        pending &= (1 << pendingBits) - 1;
      }
    }
    symbols++;
  }
  if (symbols !== PERMISSION_SYMBOLS)
    throw new FormatError("permission", text.length, `${symbols} symbols, must be ${PERMISSION_SYMBOLS}`);
  if (check !== checkValue(value))
    throw new FormatError("permission", text.length - 1, "check symbol does not fit: mistyped?");
  return value;
}

/** The value modulo 37, Crockford's check. */
function checkValue(value: Buffer): number {
  let remainder = 0;
  for (let i = 0; i < PERMISSION_BYTES; i++) remainder = (remainder * 256 + value[i]) % CHECK_MODULUS;
  return remainder;
}

function readableSymbol(symbol: string): string {
  const upper = symbol.toUpperCase();
  if (upper === "I" || upper === "L") return "1";
  return upper === "O" ? "0" : upper;
}

function symbolValue(alphabet: string, symbol: string, at: number): number {
  const value = alphabet.indexOf(symbol);
  if (value < 0) throw new FormatError("permission", at, `"${symbol}" is not a symbol of a permission number`);
  return value;
}
