// Prints random numbers of every source that a program has, then ends.
import { randomBuffer } from "@devicescript/crypto";

console.log("echo start");
console.log(randomBuffer(16).toString("hex"));
console.log(Math.random());
console.log("echo end");
