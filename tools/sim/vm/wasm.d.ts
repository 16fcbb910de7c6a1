// The part of WebAssembly that the VM host uses; @types/node leaves it to the browser's typings.

declare namespace WebAssembly {
  interface Module {
    readonly brand: "WebAssembly.Module";
  }
  interface Memory {
    readonly buffer: ArrayBuffer;
  }
  type ModuleImports = Record<string, unknown>;
  interface Instance {
    readonly exports: Record<string, unknown>;
  }
  var Module: new (bytes: Uint8Array) => Module;
  var Instance: new (module: Module, imports: Record<string, ModuleImports>) => Instance;
}
