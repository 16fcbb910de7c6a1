#include "loop_timer.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "devs_internal.h"
#include "esp_timer.h"
#include "light_sleep.h"

#define LONGEST_REST_US 1000000
/** A fiber that is due and does not run is one of a halted program: looked after as often as the runtime's own tick does. */
#define OVERDUE_US 10000
/** The program counts whole milliseconds: a turn up to one too early would find its fiber not yet due. */
#define ROUNDING_US 1000
#define NEVER INT64_MAX

esp_err_t __real_esp_timer_create(const esp_timer_create_args_t *args, esp_timer_handle_t *handle);
esp_err_t __wrap_esp_timer_create(const esp_timer_create_args_t *args, esp_timer_handle_t *handle);
unsigned __real_devs_fiber_get_max_sleep(devs_ctx_t *ctx);
unsigned __wrap_devs_fiber_get_max_sleep(devs_ctx_t *ctx);

/** The runtime has it, in a header of its main folder: posts a turn of the main loop, from any task. */
void jdesp_wake_main(void);

static esp_timer_handle_t timer;
static int64_t turn_began_us;
static int64_t due_us;
static int64_t fiber_due_us;
static int64_t asked_us;
static bool has_seen_fibers;
static uint32_t turns;
static int64_t late_us;

static void wake(void *unused) {
    (void)unused;
    jdesp_wake_main();
}

void loop_timer_start(void) {
    const esp_timer_create_args_t args = {.callback = wake, .dispatch_method = ESP_TIMER_TASK, .name = "chirpfob"};
    turn_began_us = 0;
    due_us = fiber_due_us = asked_us = NEVER;
    turns = 0;
    late_us = 0;
    if (esp_timer_create(&args, &timer) == ESP_OK)
        light_sleep_reached(SLEEP_NEEDS_TIMER);
}

void loop_timer_turn_begins(int64_t now_us) {
    turns++;
    if (now_us - due_us > late_us)
        late_us = now_us - due_us;
    turn_began_us = now_us;
    asked_us = NEVER;
    has_seen_fibers = false;
}

void loop_timer_turn_ends(int64_t now_us) {
    // No program ran in this turn: what the last one wanted is over.
    if (!has_seen_fibers && fiber_due_us <= now_us)
        fiber_due_us = NEVER;
    due_us = now_us + LONGEST_REST_US;
    if (fiber_due_us < due_us)
        due_us = fiber_due_us;
    if (asked_us < due_us)
        due_us = asked_us;
    if (due_us < now_us)
        due_us = now_us;
    (void)esp_timer_stop(timer);
    if (esp_timer_start_once(timer, (uint64_t)(due_us - now_us)) != ESP_OK)
        light_sleep_failed();
}

void loop_timer_ask(uint32_t ms) {
    int64_t at_us = turn_began_us + (int64_t)ms * 1000;
    if (at_us < asked_us)
        asked_us = at_us;
}

uint32_t loop_timer_turns(void) {
    return turns;
}

uint32_t loop_timer_late_ms(void) {
    return (uint32_t)(late_us / 1000);
}

static bool is_named(const esp_timer_create_args_t *args, const char *name) {
    return args->name != NULL && strcmp(args->name, name) == 0;
}

/**
 * The runtime leaves `skip_unhandled_events` as it was on the stack. Without light sleep it means nothing; with it, it says
 * whether a timer wakes the chip.
 */
esp_err_t __wrap_esp_timer_create(const esp_timer_create_args_t *args, esp_timer_handle_t *handle) {
    esp_timer_create_args_t ours = *args;
    if (is_named(args, "10ms")) {
        ours.skip_unhandled_events = true;
        light_sleep_reached(SLEEP_NEEDS_LOOP_TICK);
    } else if (is_named(args, "JD timeout")) {
        ours.skip_unhandled_events = true;
        light_sleep_reached(SLEEP_NEEDS_JACDAC_TICK);
    } else if (is_named(args, "JD callback") || is_named(args, "tim_worker")) {
        ours.skip_unhandled_events = false;
    }
    return __real_esp_timer_create(&ours, handle);
}

/** The runtime asks here when the program's next fiber is due, after the fibers ran; its own answer is capped at 100 ms. */
unsigned __wrap_devs_fiber_get_max_sleep(devs_ctx_t *ctx) {
    unsigned answer = __real_devs_fiber_get_max_sleep(ctx);
    light_sleep_reached(SLEEP_NEEDS_FIBERS);
    has_seen_fibers = true;
    fiber_due_us = NEVER;
    uint32_t now_ms = devs_now(ctx);
    for (const devs_fiber_t *fiber = ctx->fibers; fiber != NULL; fiber = fiber->next) {
        if (fiber->wake_time == 0)
            continue;
        int32_t left_ms = (int32_t)(fiber->wake_time - now_ms);
        int64_t at_us = turn_began_us + (left_ms > 0 ? (int64_t)left_ms * 1000 + ROUNDING_US : OVERDUE_US);
        if (at_us < fiber_due_us)
            fiber_due_us = at_us;
    }
    return answer;
}
