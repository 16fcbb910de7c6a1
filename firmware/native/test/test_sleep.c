// The chip's sleep on virtual time: when the main loop turns, what keeps the chip awake, and that it stays awake for ever when
// something does not go the way that it must. Each case in a process of its own, as a chip starts with empty memory.

#include <math.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bytes.h"
#include "check.h"
#include "chirpfob_native.h"
#include "driver/rmt_tx.h"
#include "esp_bt.h"
#include "fakes.h"
#include "services/interfaces/jd_pins.h"

#define HCI 0x1c4fb001
#define SLEEP 0x1c4fb004
#define GET(reg) (0x1000 | (reg))
#define TURNS 0x180
#define SLEEPS 0x181
#define ASLEEP_MS 0x182
#define SLEEP_CLOCK 0x183
#define LATE_MS 0x184
#define SECONDS(n) ((int64_t)(n)*1000000)
#define AWAKE_FIRST SECONDS(60)

/** Runs a case with the memory of a chip that has just been switched on. */
static void apart(void (*test)(void)) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        fakes_reset();
        test();
        fakes_reset();
        exit(0);
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

#undef RUN
#define RUN(test)                                                                                                      \
    do {                                                                                                               \
        apart(test);                                                                                                   \
        printf("pass %s\n", #test);                                                                                    \
    } while (0)

static const uint8_t report[] = {0x04, 0x3e, 0x04, 1, 2, 3, 4};

static void switch_on(void) {
    fake_runtime_start();
    chirpfob_native_init();
    fake_runtime_started();
}

static uint32_t sleep_register(uint16_t reg) {
    CHECK(fake_packet(SLEEP, GET(reg), NULL, 0));
    CHECK(fakes.last_command == GET(reg) && fakes.last_bytes == (reg == SLEEP_CLOCK ? 1 : 4));
    return reg == SLEEP_CLOCK ? fakes.last[0] : get_u32(fakes.last);
}

static int64_t asleep_after(int64_t us) {
    int64_t before_us = fake_books.asleep_us;
    fake_run_until(fakes.now_us + us);
    return fake_books.asleep_us - before_us;
}

// --- when the loop turns

static void a_keyfob_at_rest_turns_once_a_second_and_sleeps_in_between(void) {
    switch_on();
    fake_run_until(AWAKE_FIRST);
    unsigned turns = fake_books.turns;
    CHECK(asleep_after(SECONDS(3600)) > SECONDS(3600) * 97 / 100);
    CHECK(fake_books.turns - turns >= 3550 && fake_books.turns - turns <= 3700);
    CHECK(sleep_register(TURNS) == fake_books.turns);
    CHECK(sleep_register(SLEEPS) == fake_books.sleeps);
    CHECK(sleep_register(ASLEEP_MS) == (uint32_t)(fake_books.asleep_us / 1000));
}

static void no_fiber_is_late_by_more_than_rounding_and_a_turn(void) {
    static const uint32_t every_ms[FAKE_FIBERS] = {333, 1000, 7300, 60000};
    for (unsigned i = 0; i < FAKE_FIBERS; i++)
        fakes.fibers[i].every_ms = every_ms[i];
    // So that turns begin anywhere within a millisecond of the program's clock.
    fakes.turn_us = 3333;
    switch_on();
    fake_run_until(AWAKE_FIRST);
    unsigned turns = fake_books.turns;
    fake_run_until(AWAKE_FIRST + SECONDS(600));
    CHECK(fake_books.sleeps > 1000);
    // One for each run, one a second at most besides, and no second one because the first came too early.
    CHECK(fake_books.turns - turns <= 600 * 3 + 600 + 83 + 10 + 600);
    for (unsigned i = 0; i < FAKE_FIBERS; i++) {
        CHECK(fakes.fibers[i].runs >= (unsigned)(SECONDS(655) / 1000 / every_ms[i]));
        CHECK(fakes.fibers[i].latest_us <= 10000 + fakes.turn_us + 1000);
    }
    CHECK(sleep_register(LATE_MS) <= 4);
}

static void the_chip_sleeps_when_fibers_wait_long(void) {
    fakes.fibers[0].every_ms = 60000;
    switch_on();
    fake_run_until(AWAKE_FIRST);
    unsigned turns = fake_books.turns;
    fake_run_until(AWAKE_FIRST + SECONDS(600));
    CHECK(fake_books.turns - turns <= 625);
}

static void the_loop_never_rests_for_more_than_a_second_or_roles_would_be_lost(void) {
    fakes.fibers[0].every_ms = 600000;
    switch_on();
    fake_run_until(AWAKE_FIRST + SECONDS(600));
    CHECK(fake_books.longest_us <= 1000000 + fakes.turn_us + 1000);
    fakes.has_no_program = true;
    fake_run_until(AWAKE_FIRST + SECONDS(1200));
    CHECK(fake_books.longest_us <= 1000000 + fakes.turn_us + 1000);
}

static void an_event_of_the_controller_wakes_the_loop(void) {
    switch_on();
    // Awake, just after a turn and 6 ms before the runtime's tick.
    fake_run_until(SECONDS(30) + 4000);
    fake_controller_will_say(fakes.now_us + 100, report, sizeof report);
    fake_run_until(fakes.now_us + 100 + fakes.turn_us + 100);
    CHECK(fakes.events_bytes == sizeof report);
    fake_run_until(AWAKE_FIRST + SECONDS(10));
    CHECK(fake_books.sleeps > 5);
    size_t before = fakes.events_bytes;
    int64_t at_us = fakes.now_us + 300000;
    fake_controller_will_say(at_us, report, sizeof report);
    fake_run_until(at_us + 2 * fakes.turn_us);
    CHECK(fakes.events_bytes == before + sizeof report);
}

static void events_that_find_no_room_are_looked_after_soon(void) {
    switch_on();
    fake_run_until(AWAKE_FIRST + SECONDS(10));
    fakes.bus_full = true;
    fake_controller_will_say(fakes.now_us + 100000, report, sizeof report);
    unsigned turns = fake_books.turns;
    fake_run_until(fakes.now_us + 600000);
    CHECK(fake_books.turns - turns >= 30);
    fakes.bus_full = false;
    fake_run_until(fakes.now_us + 15000 + fakes.turn_us);
    CHECK(fakes.events_bytes == sizeof report);
}

static void commands_that_wait_for_the_controller_are_looked_after_soon(void) {
    static const uint8_t enable[] = {0x01, 0x0a, 0x20, 0x01, 0x01};
    switch_on();
    fake_run_until(AWAKE_FIRST + SECONDS(10));
    fakes.vhci_busy = true;
    CHECK(fake_packet(HCI, 0x80, enable, sizeof enable));
    fake_run_until(fakes.now_us + SECONDS(1));
    unsigned turns = fake_books.turns;
    fake_run_until(fakes.now_us + 500000);
    CHECK(fake_books.turns - turns >= 30);
    fakes.vhci_busy = false;
    fake_run_until(fakes.now_us + 15000 + fakes.turn_us);
    CHECK(fakes.sent_packets == 1);
}

static void a_halted_program_is_looked_after_as_often_as_ever_and_no_more(void) {
    fakes.fibers[0].every_ms = 100;
    switch_on();
    fake_run_until(AWAKE_FIRST + SECONDS(5));
    fakes.is_halted = true;
    unsigned turns = fake_books.turns;
    fake_run_until(fakes.now_us + SECONDS(10));
    CHECK(fake_books.turns - turns >= 500 && fake_books.turns - turns <= 2100);
}

static void what_a_program_wanted_is_forgotten_with_it(void) {
    fakes.fibers[0].every_ms = 50;
    switch_on();
    fake_run_until(AWAKE_FIRST + SECONDS(5));
    fakes.has_no_program = true;
    fake_run_until(fakes.now_us + SECONDS(1));
    unsigned turns = fake_books.turns;
    fake_run_until(fakes.now_us + SECONDS(100));
    CHECK(fake_books.turns - turns <= 110);
}

static void a_late_turn_is_told(void) {
    switch_on();
    fake_run_until(AWAKE_FIRST + SECONDS(10));
    CHECK(sleep_register(LATE_MS) <= 4);
    fakes.now_us += 2500000;
    fake_run_until(fakes.now_us + SECONDS(2));
    CHECK(sleep_register(LATE_MS) >= 1500 && sleep_register(LATE_MS) <= 2600);
}

static void what_lies_on_the_runtime_s_stack_makes_no_difference(void) {
    switch_on();
    fake_run_until(AWAKE_FIRST + SECONDS(600));
    struct fake_books clean = fake_books;
    pid_t child = fork();
    if (child == 0) {
        fakes_reset();
        fakes.garbage = 0xff;
        switch_on();
        fake_run_until(AWAKE_FIRST + SECONDS(600));
        exit(memcmp(&clean, &fake_books, sizeof clean) == 0 ? 0 : 1);
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void timers_of_the_runtime_that_must_be_on_time_wake_the_chip(void) {
    fakes.garbage = 0xff;
    switch_on();
    fake_run_until(AWAKE_FIRST + SECONDS(10));
    int64_t at_us = fakes.now_us + 300000;
    fake_runtime_calls_back_at(at_us);
    fake_run_until(at_us + SECONDS(2));
    CHECK(fakes.called_back_us >= at_us && fakes.called_back_us <= at_us + 100);
}

// --- what keeps it awake

static void nothing_sleeps_in_the_first_minute(void) {
    switch_on();
    CHECK(asleep_after(AWAKE_FIRST) == 0 && fakes.full_speed_locks > 0);
    CHECK(asleep_after(SECONDS(2)) > 0 && fakes.full_speed_locks == 0);
}

static void the_button_wakes_the_chip_and_keeps_it_awake_for_a_minute(void) {
    switch_on();
    fake_run_until(AWAKE_FIRST + SECONDS(10));
    int64_t pressed_us = fakes.now_us + 500000;
    fake_button_will_be(pressed_us, false);
    fake_button_will_be(pressed_us + 300000, true);
    fake_run_until(pressed_us + 10000);
    unsigned turns = fake_books.turns;
    CHECK(asleep_after(SECONDS(60)) == 0);
    // The runtime polls the button every 9 ms while somebody holds it.
    CHECK(fake_books.turns - turns > 4000);
    CHECK(asleep_after(SECONDS(10)) > SECONDS(8));
}

static void the_button_s_pin_keeps_its_pull_asleep_and_wakes_by_its_level(void) {
    switch_on();
    CHECK(fakes.pin_wakes[FAKE_BUTTON_PIN] && !fakes.wakes_at[FAKE_BUTTON_PIN]);
    CHECK(fakes.pin_stays[FAKE_BUTTON_PIN] && fakes.gpio_wakes);
}

static void nothing_sleeps_while_a_computer_is_on_the_cable(void) {
    switch_on();
    fake_usb_is_alive(true);
    CHECK(asleep_after(SECONDS(300)) == 0 && fakes.full_speed_locks > 0);
    fake_usb_is_alive(false);
    CHECK(asleep_after(SECONDS(10)) > SECONDS(6));
}

static void a_charger_lets_it_sleep(void) {
    switch_on();
    fake_usb_is_alive(true);
    fake_run_until(SECONDS(2));
    fake_usb_is_alive(false);
    fake_run_until(AWAKE_FIRST);
    CHECK(asleep_after(SECONDS(10)) > SECONDS(9));
}

static void a_cable_plugged_in_asleep_needs_a_press_first(void) {
    switch_on();
    fake_run_until(AWAKE_FIRST + SECONDS(10));
    // In the middle of a sleep.
    fake_cable_will_come(fakes.now_us + 500000);
    CHECK(asleep_after(SECONDS(10)) > SECONDS(9));
    fake_button_will_be(fakes.now_us + 100000, false);
    fake_button_will_be(fakes.now_us + 200000, true);
    fake_cable_will_come(fakes.now_us + SECONDS(1) + 500000);
    fake_run_until(fakes.now_us + SECONDS(1));
    CHECK(asleep_after(SECONDS(300)) == 0);
}

static void a_light_of_the_rmt_is_enabled_only_while_it_sends(void) {
    static const uint8_t colour[] = {1, 2, 3};
    const rmt_transmit_config_t config = {0};
    switch_on();
    fake_run_until(AWAKE_FIRST + SECONDS(5));
    // As the runtime does for its status light: enables once and for ever, then sends.
    CHECK(rmt_enable(NULL) == ESP_OK);
    for (int i = 0; i < 3; i++)
        CHECK(rmt_transmit(NULL, NULL, colour, sizeof colour, &config) == ESP_OK);
    CHECK(fakes.rmt_sent == 3 && fakes.rmt_enabled == 0 && fakes.no_sleep_locks == 0);
    // And as for a strip: disables when it is done.
    CHECK(rmt_disable(NULL) == ESP_OK && fakes.rmt_enabled == 0);
    fakes.rmt_fails = true;
    CHECK(rmt_transmit(NULL, NULL, colour, sizeof colour, &config) != ESP_OK);
    CHECK(fakes.rmt_enabled == 0 && fakes.no_sleep_locks == 0);
    CHECK(asleep_after(SECONDS(10)) > SECONDS(9));
}

static void the_runtime_s_sockets_have_no_task(void) {
    switch_on();
    fake_run_until(SECONDS(5));
    CHECK(fakes.socket_tasks == 0);
}

static void outputs_keep_their_level_asleep(void) {
    switch_on();
    pin_setup_output(5);
    pin_setup_output(NO_PIN);
    CHECK(fakes.pin_stays[5]);
}

// --- failing closed

static void never_sleeps(void) {
    switch_on();
    fake_run_until(AWAKE_FIRST + SECONDS(600));
    CHECK(fake_books.sleeps == 0 && fake_books.turns > 60000);
}

static void a_runtime_whose_tick_goes_round_the_wrap_never_sleeps(void) {
    fakes.detours = DETOUR_TICK;
    never_sleeps();
}

static void a_runtime_whose_jacdac_tick_goes_round_the_wrap_never_sleeps(void) {
    fakes.detours = DETOUR_JACDAC_TICK;
    never_sleeps();
}

static void a_runtime_that_hides_its_fibers_never_sleeps(void) {
    fakes.detours = DETOUR_FIBERS;
    never_sleeps();
}

static void a_runtime_that_polls_sockets_never_sleeps(void) {
    fakes.detours = DETOUR_SOCKETS;
    never_sleeps();
}

static void without_locks_nothing_sleeps(void) {
    fakes.no_locks = true;
    never_sleeps();
    CHECK(!fakes.light_sleep_enabled);
}

static void a_sleep_that_is_refused_is_not_counted(void) {
    fakes.sleep_refused = true;
    switch_on();
    fake_run_until(AWAKE_FIRST + SECONDS(60));
    CHECK(sleep_register(SLEEPS) == 0 && sleep_register(ASLEEP_MS) == 0);
}

// --- the clock that runs asleep

static void the_rc_is_measured_once_a_minute_and_long_enough(void) {
    switch_on();
    fake_run_until(AWAKE_FIRST);
    unsigned calibrations = fakes.calibrations, cycles = fakes.calibrated_cycles;
    fake_run_until(AWAKE_FIRST + SECONDS(3600));
    CHECK(fakes.calibrations - calibrations >= 59 && fakes.calibrations - calibrations <= 61);
    CHECK(fakes.calibrated_cycles - cycles == 1024 * (fakes.calibrations - calibrations));
    // 3.3 ppm of an hour; over ten cycles it may be 1,224 ms.
    CHECK(fabs(fakes.clock_error_us) < 15000);
}

static void the_rc_s_drift_is_followed(void) {
    switch_on();
    fake_run_until(AWAKE_FIRST);
    // 5 % in an hour, as when a keyfob is carried out into the frost.
    uint32_t step = fakes.slow_period / 20 / 60;
    for (int minute = 1; minute <= 60; minute++) {
        fake_run_until(AWAKE_FIRST + SECONDS(60 * minute));
        fakes.slow_period += step;
    }
    // At most one minute's drift, 830 ppm, at any time.
    CHECK(fabs(fakes.clock_error_us) < 3600e6 * 830e-6 + 15000);
}

static void a_calibration_that_fails_is_made_as_esp_idf_would(void) {
    fakes.calibration_fails = true;
    switch_on();
    fake_run_until(AWAKE_FIRST + SECONDS(600));
    CHECK(fakes.calibrations > 1000 && fabs(fakes.clock_error_us) < 600e6 * 340e-6);
}

static void the_controller_sleeps_by_the_clock_that_there_is(void) {
    switch_on();
    CHECK(fakes.controller_clock == ESP_BT_SLEEP_CLOCK_RTC_SLOW && sleep_register(SLEEP_CLOCK) == 0);
}

static void the_controller_sleeps_by_a_crystal_where_one_swings(void) {
    fakes.crystal = true;
    switch_on();
    CHECK(fakes.controller_clock == ESP_BT_SLEEP_CLOCK_EXT_32K_XTAL && sleep_register(SLEEP_CLOCK) == 1);
    fake_run_until(AWAKE_FIRST + SECONDS(60));
    CHECK(fakes.calibrations == 0);
}

static void a_controller_that_takes_the_main_crystal_is_told(void) {
    fakes.controller_keeps_crystal_on = true;
    switch_on();
    CHECK(sleep_register(SLEEP_CLOCK) == 3);
}

static void the_sleep_service_answers_nothing_else(void) {
    switch_on();
    unsigned refused = fakes.not_implemented;
    CHECK(fake_packet(SLEEP, GET(0x185), NULL, 0) && fake_packet(SLEEP, 0x80, "x", 1));
    CHECK(fakes.not_implemented == refused + 2);
}

int main(void) {
    RUN(a_keyfob_at_rest_turns_once_a_second_and_sleeps_in_between);
    RUN(no_fiber_is_late_by_more_than_rounding_and_a_turn);
    RUN(the_chip_sleeps_when_fibers_wait_long);
    RUN(the_loop_never_rests_for_more_than_a_second_or_roles_would_be_lost);
    RUN(an_event_of_the_controller_wakes_the_loop);
    RUN(events_that_find_no_room_are_looked_after_soon);
    RUN(commands_that_wait_for_the_controller_are_looked_after_soon);
    RUN(a_halted_program_is_looked_after_as_often_as_ever_and_no_more);
    RUN(what_a_program_wanted_is_forgotten_with_it);
    RUN(a_late_turn_is_told);
    RUN(what_lies_on_the_runtime_s_stack_makes_no_difference);
    RUN(timers_of_the_runtime_that_must_be_on_time_wake_the_chip);
    RUN(nothing_sleeps_in_the_first_minute);
    RUN(the_button_wakes_the_chip_and_keeps_it_awake_for_a_minute);
    RUN(the_button_s_pin_keeps_its_pull_asleep_and_wakes_by_its_level);
    RUN(nothing_sleeps_while_a_computer_is_on_the_cable);
    RUN(a_charger_lets_it_sleep);
    RUN(a_cable_plugged_in_asleep_needs_a_press_first);
    RUN(a_light_of_the_rmt_is_enabled_only_while_it_sends);
    RUN(the_runtime_s_sockets_have_no_task);
    RUN(outputs_keep_their_level_asleep);
    RUN(a_runtime_whose_tick_goes_round_the_wrap_never_sleeps);
    RUN(a_runtime_whose_jacdac_tick_goes_round_the_wrap_never_sleeps);
    RUN(a_runtime_that_hides_its_fibers_never_sleeps);
    RUN(a_runtime_that_polls_sockets_never_sleeps);
    RUN(without_locks_nothing_sleeps);
    RUN(a_sleep_that_is_refused_is_not_counted);
    RUN(the_rc_is_measured_once_a_minute_and_long_enough);
    RUN(the_rc_s_drift_is_followed);
    RUN(a_calibration_that_fails_is_made_as_esp_idf_would);
    RUN(the_controller_sleeps_by_the_clock_that_there_is);
    RUN(the_controller_sleeps_by_a_crystal_where_one_swings);
    RUN(a_controller_that_takes_the_main_crystal_is_told);
    RUN(the_sleep_service_answers_nothing_else);
    return 0;
}
