import { SerialPort } from "serialport";
import { DeviceError } from "./deviceError";
import type { Link, LinkEvents } from "./link";

/** DeviceScript boards that sit behind a UART bridge talk at this rate; native USB ignores it. */
const BAUD_RATE = 1_500_000;

/** Opens a serial port for ourselves alone. @throws DeviceError */
export async function openSerial(path: string, events: LinkEvents): Promise<Link> {
  const port = new SerialPort({ path, baudRate: BAUD_RATE, lock: true, autoOpen: false });
  await new Promise<void>((resolve, reject) => {
    port.open((error) => (error ? reject(openError(path, error.message)) : resolve()));
  });
  let open = true;
  const lose = (reason: string) => {
    if (!open) return;
    open = false;
    if (port.isOpen) port.close(() => undefined);
    events.lost(reason);
  };
  port.on("data", (bytes: Buffer) => events.data(bytes));
  port.on("error", (error) => lose(error.message));
  port.on("close", () => lose("the port is gone: was the cable pulled?"));
  return {
    address: path,
    write: (bytes) =>
      new Promise((resolve) => {
        // A line that was cut reports so through "close"; a write that was under way must not hang on it.
        if (!open) return resolve();
        const done = () => {
          port.off("close", done);
          resolve();
        };
        port.once("close", done);
        port.write(Buffer.from(bytes), done);
      }),
    close: async () => {
      const wasOpen = open;
      open = false;
      if (!wasOpen || !port.isOpen) return;
      await new Promise<void>((resolve) => port.close(() => resolve()));
    },
  };
}

/** The operating system's words to what happened and what to do. */
function openError(path: string, message: string): DeviceError {
  if (/ENOENT|no such file|ENXIO|ENODEV|File not found/i.test(message))
    return new DeviceError(
      "notFound",
      `there is no port ${path}: is the keyfob plugged in? "chirpfob devices" lists ports`,
    );
  if (/EACCES|EPERM|permission|access denied/i.test(message))
    return new DeviceError("permission", `you may not open ${path}: "chirpfob doctor" says how to get the permission`);
  if (/lock|EBUSY|resource (temporarily unavailable|busy)/i.test(message))
    return new DeviceError("inUse", `${path} is in use by another program: let it finish, or close it, and try again`);
  return new DeviceError(
    "notFound",
    `${path} cannot be used as a serial port (${message.replace(/^Error: /, "")}): "chirpfob devices" lists those there are`,
  );
}
