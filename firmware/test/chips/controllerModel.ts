// The Bluetooth side of a radio module's model: answers commands, and remembers them.

const OPCODE_RESET = 0x0c03;
const OPCODE_WRITE_CONFIG = 0xfc0c;
const OPCODE_SET_ADV_ENABLE = 0x200a;
const COMMAND_DISALLOWED = 0x0c;

export class ControllerModel {
  /** Hex of every whole command received since power-on. */
  readonly commands: string[] = [];
  /** Bytes that were no command. */
  nonsense = 0;
  /** How many commands the chip says it will take next. */
  ncmd = 1;
  /** Answers that are ready to be read. */
  answers: Buffer[] = [];
  /** An HCI_Reset has just been answered. */
  resetAnswered = false;
  /** BlueNRG: no advertising before the chip was told to run its link layer only. */
  needsLinkLayerMode = false;
  private partial: number[] = [];
  private linkLayerMode = false;

  /** Everything but the history is lost, as by a reset. */
  boot(): void {
    this.partial = [];
    this.answers = [];
    this.linkLayerMode = false;
    this.resetAnswered = false;
  }

  /** Some bytes of the stream of commands. */
  receive(bytes: number[]): void {
    for (const byte of bytes) this.partial.push(byte);
    while (this.partial.length >= 4) {
      if (this.partial[0] !== 1) {
        this.nonsense++;
        this.partial = this.partial.slice(1);
        continue;
      }
      const length = 4 + this.partial[3];
      if (this.partial.length < length) return;
      this.carryOut(this.partial.slice(0, length));
      this.partial = this.partial.slice(length);
    }
  }

  private carryOut(command: number[]): void {
    this.commands.push(Buffer.from(command).toString("hex"));
    const opcode = command[1] | (command[2] << 8);
    let status = 0;
    if (opcode === OPCODE_WRITE_CONFIG && command[4] === 0x2c && command[5] === 1 && command[6] === 1)
      this.linkLayerMode = true;
    if (opcode === OPCODE_SET_ADV_ENABLE && this.needsLinkLayerMode && !this.linkLayerMode) status = COMMAND_DISALLOWED;
    if (opcode === OPCODE_RESET) this.resetAnswered = true;
    this.answers.push(Buffer.from([0x04, 0x0e, 0x04, this.ncmd, command[1], command[2], status]));
  }
}
