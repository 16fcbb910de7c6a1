// The cases of CX for both worlds; like cases.ts, this file is compiled for the VM and run in Node.

import { copyBytes, readI8, readU16, readU32, sliceCopy } from "../base/bytes";
import { FormatError } from "../base/formatError";
import type { Sha256 } from "../base/sha256";
import { decodeCxFrame, encodeCxFrame } from "../beacon/cx";
import { ContactIdGenerator, MAX_CONTACT_IDS, SeedCalculation } from "../beacon/cxGenerator";
import { AES_BLOCK_BYTES, Aes } from "../crypto/aes";
import { CtrDrbg, CtrDrbgInstantiation } from "../crypto/ctrDrbg";
import { decodeCxRow, openCxMetadata, sealCxRow } from "../log/cxRow";

/** What a case of CX does; the numbers follow those of the other operations at a distance. */
export enum CxOperation {
  /** Encrypts a block under a key. */
  AesBlock = 64,
  /** The first output of a DRBG: key bytes, output bytes, entropy, nonce, personalization. */
  DrbgOutput = 65,
  /** One output of 16 bytes from a given state, and the state after it. */
  DrbgStep = 66,
  /** The identifiers at given places, a digest over all up to the last one, and what comes after 2,048: type, seed, places as u16 each. */
  Ids = 67,
  SeedFromPreseed = 68,
  EncodeFrame = 69,
  DecodeFrame = 70,
  SealRow = 71,
  DecodeRow = 72,
  OpenRow = 73,
}

/** One operation; throws FormatError where the product does. @param pause lets a device yield */
export async function runCxOperation(
  sha256: Sha256,
  pause: () => Promise<void>,
  operation: number,
  inputs: Buffer[],
): Promise<string> {
  const a = inputs[0];
  switch (operation) {
    case CxOperation.AesBlock: {
      const aes = new Aes(a.length);
      aes.setKey(a, 0);
      const block = sliceCopy(inputs[1], 0, AES_BLOCK_BYTES);
      aes.encryptBlock(block, 0);
      return hex(block);
    }
    case CxOperation.DrbgOutput: {
      const instantiation = new CtrDrbgInstantiation(a[0], inputs[1], inputs[2], inputs[3]);
      while (instantiation.step()) await pause();
      return hex(instantiation.result().generate(a[1]));
    }
    case CxOperation.DrbgStep: {
      const state = sliceCopy(a, 0, a.length);
      const output = new CtrDrbg(state).generate(AES_BLOCK_BYTES);
      return `${hex(output)} ${hex(sha256(state))}`;
    }
    case CxOperation.Ids:
      return await idsLine(sha256, pause, a[0], inputs[1], inputs[2]);
    case CxOperation.SeedFromPreseed: {
      const calculation = new SeedCalculation(a[0], inputs[1], inputs[2]);
      while (calculation.step()) await pause();
      return hex(calculation.seed());
    }
    case CxOperation.EncodeFrame: {
      const { advA, advData } = encodeCxFrame(sha256, a, readI8(inputs[1], 0), readU16(inputs[1], 1));
      return `${hex(advA)} ${hex(advData)}`;
    }
    case CxOperation.DecodeFrame: {
      const frame = decodeCxFrame(a, inputs[1], 0xffff);
      return `${hex(frame.id)} ${frame.txPower}`;
    }
    case CxOperation.SealRow:
      return hex(
        sealCxRow(sha256, a, readU32(inputs[1], 0), {
          maxRssi: readI8(inputs[1], 4),
          txPower: readI8(inputs[1], 5),
          minutes: inputs[1][6],
          hearings: inputs[1][7],
        }),
      );
    case CxOperation.DecodeRow: {
      const row = decodeCxRow(a);
      return `${hex(row.tag)} ${row.minuteInHour} ${hex(row.sealed)}`;
    }
    case CxOperation.OpenRow: {
      const open = openCxMetadata(sha256, decodeCxRow(a).sealed, inputs[1], readU32(inputs[2], 0));
      return `${open.maxRssi},${open.txPower},${open.minutes},${open.hearings}`;
    }
    default:
      return "?";
  }
}

/** In the VM an identifier costs up to 20,000 opcodes. */
const IDS_BETWEEN_PAUSES = 4;

/** Each identifier goes into a running digest: all of them together would fill a keyfob's memory. */
async function idsLine(
  sha256: Sha256,
  pause: () => Promise<void>,
  type: number,
  seed: Buffer,
  places: Buffer,
): Promise<string> {
  const generator = new ContactIdGenerator(type, seed);
  while (generator.step()) await pause();
  const running = Buffer.alloc(48);
  let line = "";
  let made = 0;
  let untilPause = 0;
  for (let at = 0; at < places.length; at += 2) {
    while (made <= readU16(places, at)) {
      if (untilPause === 0) {
        await pause();
        untilPause = IDS_BETWEEN_PAUSES;
      }
      untilPause--;
      copyBytes(running, 32, generator.next(), 0, 16);
      running.set(sha256(running), 0);
      made++;
    }
    line += `${hex(sliceCopy(running, 32, 16))} `;
  }
  return line + hex(sliceCopy(running, 0, 32)) + (made === MAX_CONTACT_IDS ? refusalOf(generator) : "");
}

function refusalOf(generator: ContactIdGenerator): string {
  try {
    return hex(generator.next());
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return `!${error.field}@${error.offset}`;
  }
}

function hex(bytes: Buffer): string {
  return bytes.toString("hex");
}
