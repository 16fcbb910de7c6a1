#pragma once

// Test double: the part of jacdac-c's interface that the component uses. fake_machine.c plays the chip.

const void *jd_settings_get_large(const char *key, unsigned *sizep);
