#pragma once

#include "fakes.h"

// Between fake_machine.c, fake_loop.c and fake_sleep.c.

/** The functions behind those that the linker wraps, for a runtime that takes a detour. */
esp_err_t fake_timer_create(const esp_timer_create_args_t *args, esp_timer_handle_t *handle);
unsigned fake_max_sleep(devs_ctx_t *ctx);

/** @return when the next timer is due, of all or of those that wake from light sleep; INT64_MAX if none */
int64_t fake_next_timer_us(bool that_wakes);
void fake_fire_timers(void);
void fake_loop_reset(void);
void fake_make_runtime_timers(void);

/** Until when the chip would sleep. */
extern int64_t fake_sleep_ends_us;
