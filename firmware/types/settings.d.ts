// @devicescript/settings as far as it is used here. Its own source does not pass a strict check.

import type * as ds from "@devicescript/core";

/** The settings service of the device itself. */
export const settings: ds.Settings;

/** The value of `key`, or `missingValue` if it has none. */
export function readSetting<T>(key: string, missingValue: T): Promise<T>;
export function writeSetting<T>(key: string, value: T): Promise<void>;
