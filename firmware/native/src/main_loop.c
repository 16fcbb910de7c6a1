// One turn of the runtime's main loop, seen from outside: main.c calls jd_process_everything() for each.

#include "main_loop.h"

#include <stddef.h>

#include "buttons.h"
#include "bytes.h"
#include "esp_timer.h"
#include "gate_wraps.h"
#include "sdkconfig.h"
#include "services/interfaces/jd_flash.h"
#include "usb_alive.h"
#include "wearer.h"
#if CONFIG_PM_ENABLE
#include "light_sleep.h"
#include "loop_timer.h"
#endif

// What devsmgr.c writes before a program, and at its end: the program is whole when both are there.
#define PROGRAM_KEY "*prog"
#define PROGRAM_MAGIC0 0x8d8abd53u
#define PROGRAM_MAGIC1 0xb27c4b2bu
#define PROGRAM_HEADER_BYTES 12u
#define LOOK_FOR_PROGRAM_EVERY_MS 1000u

void __real_jd_process_everything(void);
void __wrap_jd_process_everything(void);

static struct wearer wearer;
static bool has_program;
static uint32_t looked_at_ms;

void main_loop_start(void) {
    usb_alive_start();
    wearer = (struct wearer){0};
    has_program = true;
    looked_at_ms = (uint32_t)0 - LOOK_FOR_PROGRAM_EVERY_MS;
}

static bool holds_program(void) {
    unsigned bytes = 0;
    const uint8_t *header = jd_settings_get_large(PROGRAM_KEY, &bytes);
    return header != NULL && bytes > PROGRAM_HEADER_BYTES && get_u32(header) == PROGRAM_MAGIC0 &&
           get_u32(header + 4) != 0 && get_u32(header + 8) == PROGRAM_MAGIC1;
}

void __wrap_jd_process_everything(void) {
    int64_t now_us = esp_timer_get_time();
    uint32_t now_ms = (uint32_t)(now_us / 1000);
    bool is_usb_alive = usb_alive(now_ms);
    if (now_ms - looked_at_ms >= LOOK_FOR_PROGRAM_EVERY_MS) {
        looked_at_ms = now_ms;
        has_program = holds_program();
    }
    wearer_note(&wearer, now_ms, buttons_pressed(), is_usb_alive, has_program);
    gate_take_programs(wearer_agrees(&wearer));
#if CONFIG_PM_ENABLE
    loop_timer_turn_begins(now_us);
    __real_jd_process_everything();
    loop_timer_turn_ends(esp_timer_get_time());
    light_sleep_allow(!is_usb_alive && !wearer_is_near(&wearer));
#else
    __real_jd_process_everything();
#endif
}
