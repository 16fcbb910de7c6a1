import type { Service } from "../jacdac/server";

const SERVICE_CLASS = 0x1609d4f0;
const REGISTER = {
  pixels: 0x2,
  brightness: 0x1,
  maxPower: 0x7,
  variant: 0x107,
  actualBrightness: 0x180,
  pixelCount: 0x182,
  columns: 0x183,
  ledsPerPixel: 0x184,
} as const;

/** A colour of the light, 0 to 255 each. */
export interface Colour {
  readonly red: number;
  readonly green: number;
  readonly blue: number;
}

/** The keyfob's light: a Jacdac LED service with one RGB pixel, watched by the scenario. */
export class Light implements Service {
  readonly serviceClass = SERVICE_CLASS;
  private pixel: Uint8Array = new Uint8Array(3);
  private brightness: Uint8Array = Uint8Array.of(0xff);
  private maxPower: Uint8Array = Uint8Array.of(100, 0);

  /** @param changed called with every colour that the program shows, brightness included */
  constructor(private readonly changed: (colour: Colour) => void = () => undefined) {}

  /** What the light shows now. */
  get colour(): Colour {
    const scale = (this.brightness[0] as number) / 255;
    const [red = 0, green = 0, blue = 0] = this.pixel;
    return { red: Math.round(red * scale), green: Math.round(green * scale), blue: Math.round(blue * scale) };
  }

  attach(): void {
    // It never speaks first.
  }

  read(register: number): Uint8Array | undefined {
    switch (register) {
      case REGISTER.pixels:
        return this.pixel;
      case REGISTER.brightness:
      case REGISTER.actualBrightness:
        return this.brightness;
      case REGISTER.maxPower:
        return this.maxPower;
      case REGISTER.variant:
        return Uint8Array.of(2);
      case REGISTER.pixelCount:
      case REGISTER.ledsPerPixel:
      case REGISTER.columns:
        return Uint8Array.of(1, 0);
      default:
        return undefined;
    }
  }

  write(register: number, value: Uint8Array): boolean {
    if (register === REGISTER.pixels) this.pixel = Uint8Array.from([...value.subarray(0, 3)]);
    else if (register === REGISTER.brightness) this.brightness = Uint8Array.from(value.subarray(0, 1));
    else if (register === REGISTER.maxPower) this.maxPower = Uint8Array.from(value.subarray(0, 2));
    else return false;
    this.changed(this.colour);
    return true;
  }

  command(): boolean {
    return false;
  }
}
