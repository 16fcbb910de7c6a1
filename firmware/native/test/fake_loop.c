// The runtime's main loop (main.c and hw-esp32.c of devicescript-esp32), the program in it, and an operating system that puts
// the chip to sleep when nothing is to be done.

#include <stddef.h>
#include <string.h>

#include "esp_sleep.h"
#include "fake_machine.h"
#include "soc/usb_serial_jtag_struct.h"

#define TICK_US 10000
/** CONFIG_FREERTOS_IDLE_TIME_BEFORE_SLEEP, in time. */
#define SHORTEST_SLEEP_US 20000
#define MOST_EVENTS 16u

struct fake_books fake_books;

void jd_process_everything(void);
void jd_tcpsock_init(void);
void jd_tcpsock_process(void);
void jdesp_wake_main(void);

/** What happens outside at a time: the controller says something, the cable comes, or a pin changes. */
struct outside {
    int64_t at_us;
    uint8_t bytes[64];
    size_t length;
    bool level;
    bool is_cable;
};

static struct outside outside[MOST_EVENTS];
static unsigned outside_count;
static bool is_turn_posted;
static bool is_usb_alive;
static bool has_slept;
static int64_t last_turn_us;
static devs_ctx_t program;
static esp_timer_handle_t tick, jacdac_tick, callback_timer, worker_timer;

void fake_loop_reset(void) {
    memset(outside, 0, sizeof outside);
    outside_count = 0;
    is_turn_posted = is_usb_alive = false;
    last_turn_us = 0;
    memset(&program, 0, sizeof program);
    memset(&fake_books, 0, sizeof fake_books);
}

void jdesp_wake_main(void) {
    fakes.wakes++;
    is_turn_posted = true;
}

static void post(void *unused) {
    (void)unused;
    is_turn_posted = true;
}

static void jacdac_times_out(void *unused) {
    (void)unused;
    (void)esp_timer_start_once(jacdac_tick, TICK_US);
}

static void called_back(void *unused) {
    (void)unused;
    fakes.called_back_us = fakes.now_us;
}

/** The runtime writes four of the five fields, and leaves the fifth as it finds it. */
static void make_timer(esp_timer_handle_t *handle, const char *name, void (*call)(void *), enum fake_detour detour) {
    esp_timer_create_args_t args;
    memset(&args, fakes.garbage, sizeof args);
    args.skip_unhandled_events = fakes.garbage != 0;
    args.callback = call;
    args.arg = NULL;
    args.dispatch_method = ESP_TIMER_TASK;
    args.name = name;
    if (fakes.detours & detour)
        (void)fake_timer_create(&args, handle);
    else
        (void)esp_timer_create(&args, handle);
}

void fake_make_runtime_timers(void) {
    make_timer(&jacdac_tick, "JD timeout", jacdac_times_out, DETOUR_JACDAC_TICK);
    make_timer(&callback_timer, "JD callback", called_back, 0);
    make_timer(&worker_timer, "tim_worker", called_back, 0);
    make_timer(&tick, "10ms", post, DETOUR_TICK);
    (void)esp_timer_start_periodic(tick, TICK_US);
    (void)esp_timer_start_once(jacdac_tick, TICK_US);
}

void fake_runtime_calls_back_at(int64_t us) {
    (void)esp_timer_start_once(callback_timer, (uint64_t)(us - fakes.now_us));
}

void fake_runtime_started(void) {
    if (!(fakes.detours & DETOUR_SOCKETS))
        jd_tcpsock_init();
}

void fake_program_turn(void) {
    program._now_long = (uint64_t)(fakes.now_us / 1000);
    uint32_t now_ms = devs_now(&program);
    program.fibers = NULL;
    for (unsigned i = 0; i < FAKE_FIBERS; i++) {
        struct fake_fiber *fiber = &fakes.fibers[i];
        if (fiber->every_ms == 0)
            continue;
        if (fiber->fiber.wake_time == 0)
            fiber->fiber.wake_time = now_ms + fiber->every_ms;
        if ((int32_t)(now_ms - fiber->fiber.wake_time) >= 0 && !fakes.is_halted) {
            int64_t late_us = fakes.now_us - (int64_t)fiber->fiber.wake_time * 1000;
            if (late_us > fiber->latest_us)
                fiber->latest_us = late_us;
            fiber->runs++;
            fiber->fiber.wake_time += fiber->every_ms;
        }
        fiber->fiber.next = program.fibers;
        program.fibers = &fiber->fiber;
    }
    if (fakes.detours & DETOUR_FIBERS)
        (void)fake_max_sleep(&program);
    else
        (void)devs_fiber_get_max_sleep(&program);
}

static void count_frames(void) {
    if (is_usb_alive)
        USB_SERIAL_JTAG.fram_num.sof_frame_index = (uint32_t)(fakes.now_us / 1000) & 0x7ff;
}

void fake_main_loop(void) {
    count_frames();
    jd_process_everything();
    fakes.now_us += 10000;
}

static void turn(void) {
    is_turn_posted = false;
    fake_books.turns++;
    if (fakes.now_us - last_turn_us > fake_books.longest_us)
        fake_books.longest_us = fakes.now_us - last_turn_us;
    last_turn_us = fakes.now_us;
    jd_process_everything();
    jd_tcpsock_process();
    fakes.now_us += fakes.turn_us;
    if (jd_rx_has_frame())
        is_turn_posted = true;
}

// --- outside

void fake_usb_is_alive(bool is_alive) {
    is_usb_alive = is_alive;
}

static struct outside *comes(int64_t us) {
    struct outside *event = &outside[outside_count++ % MOST_EVENTS];
    event->at_us = us;
    event->length = 0;
    event->is_cable = false;
    return event;
}

void fake_controller_will_say(int64_t us, const uint8_t *data, size_t length) {
    struct outside *event = comes(us);
    memcpy(event->bytes, data, length);
    event->length = length;
}

void fake_cable_will_come(int64_t us) {
    comes(us)->is_cable = true;
}

void fake_button_will_be(int64_t us, bool level) {
    comes(us)->level = level;
}

/** The next that happens, if it is not past; of those that wake the chip, or of all. */
static int64_t next_outside_us(bool that_wakes) {
    int64_t next_us = INT64_MAX;
    for (unsigned i = 0; i < MOST_EVENTS; i++) {
        const struct outside *event = &outside[i];
        bool wakes = event->length > 0 || (!event->is_cable && fakes.gpio_wakes && fakes.pin_wakes[FAKE_BUTTON_PIN] &&
                                           event->level == fakes.wakes_at[FAKE_BUTTON_PIN]);
        if (event->at_us > fakes.now_us && event->at_us < next_us && (wakes || !that_wakes))
            next_us = event->at_us;
    }
    return next_us;
}

static void happen(int64_t after_us) {
    for (unsigned i = 0; i < MOST_EVENTS; i++) {
        struct outside event = outside[i];
        if (event.at_us <= after_us || event.at_us > fakes.now_us)
            continue;
        if (event.length > 0)
            fake_controller_says(event.bytes, event.length);
        else if (event.is_cable)
            is_usb_alive = !has_slept;
        else
            fakes.pins[FAKE_BUTTON_PIN] = event.level;
    }
}

static int64_t least(int64_t a, int64_t b) {
    return a < b ? a : b;
}

/** Until the next timer or event, asleep if ESP-IDF would sleep. */
static void rest_until(int64_t us) {
    has_slept = false;
    int64_t wakes_us = least(us, least(fake_next_timer_us(true), next_outside_us(true)));
    bool may_sleep = fakes.light_sleep_enabled && fakes.no_sleep_locks == 0;
    if (may_sleep && wakes_us - fakes.now_us >= SHORTEST_SLEEP_US) {
        fake_sleep_ends_us = wakes_us;
        if (esp_light_sleep_start() == ESP_OK) {
            // Clocks of the USB block stood still: the computer has lost the device.
            is_usb_alive = false;
            has_slept = true;
            return;
        }
    }
    fakes.now_us = least(us, least(fake_next_timer_us(false), next_outside_us(false)));
}

void fake_run_until(int64_t us) {
    while (fakes.now_us < us) {
        int64_t before_us = fakes.now_us;
        if (is_turn_posted)
            turn();
        else
            rest_until(us);
        count_frames();
        happen(before_us);
        fake_fire_timers();
    }
}
