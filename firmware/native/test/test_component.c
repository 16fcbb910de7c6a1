// Behaviour of the whole component, from Jacdac packets in to packets out.

#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "bytes.h"
#include "check.h"
#include "chirpfob_native.h"
#include "event_ring.h"
#include "fakes.h"
#include "flash_bridge.h"

#define HCI 0x1c4fb001
#define FLASH 0x1c4fb002
#define GET(reg) (0x1000 | (reg))

static const uint8_t reset[] = {0x01, 0x03, 0x0c, 0x00};
static const uint8_t enable[] = {0x01, 0x0a, 0x20, 0x01, 0x01};

/** A device that has just been switched on, as the case has set the fakes. */
static void switch_on(void) {
    fake_runtime_start();
    chirpfob_native_init();
    fake_main_loop();
}

static void start(void) {
    fakes_reset();
    switch_on();
}

static void say(uint8_t code, size_t parameters) {
    uint8_t event[258] = {0x04, code, (uint8_t)parameters};
    for (size_t i = 0; i < parameters; i++)
        event[3 + i] = (uint8_t)i;
    fake_controller_says(event, 3 + parameters);
}

static void loops(int count) {
    for (int i = 0; i < count; i++)
        fake_main_loop();
}

static uint32_t hci_register(uint16_t reg) {
    CHECK(fake_packet(HCI, GET(reg), NULL, 0));
    CHECK(fakes.last_command == GET(reg) && fakes.last_bytes == 4);
    return get_u32(fakes.last);
}

static void a_command_reaches_the_controller_and_its_answer_comes_back(void) {
    start();
    CHECK(fake_packet(HCI, 0x80, reset, sizeof reset));
    loops(2);
    CHECK(fakes.sent_bytes == sizeof reset && memcmp(fakes.sent, reset, sizeof reset) == 0);
    static const uint8_t answer[] = {0x04, 0x0e, 0x04, 0x01, 0x03, 0x0c, 0x00};
    CHECK(fakes.events_bytes == sizeof answer && memcmp(fakes.events, answer, sizeof answer) == 0);
}

static void commands_of_one_send_go_out_in_order_one_answer_apart(void) {
    start();
    fakes.mute = true;
    uint8_t both[sizeof reset + sizeof enable];
    memcpy(both, reset, sizeof reset);
    memcpy(both + sizeof reset, enable, sizeof enable);
    fake_packet(HCI, 0x80, both, sizeof both);
    loops(3);
    CHECK(fakes.sent_packets == 1);
    static const uint8_t answer[] = {0x04, 0x0e, 0x04, 0x01, 0x03, 0x0c, 0x00};
    fake_controller_says(answer, sizeof answer);
    loops(1);
    CHECK(fakes.sent_packets == 2);
    CHECK(memcmp(fakes.sent, both, sizeof both) == 0);
}

static void a_controller_that_allows_five_gets_five(void) {
    start();
    fakes.ncmd = 5;
    fake_packet(HCI, 0x80, enable, sizeof enable);
    loops(2);
    fakes.mute = true;
    uint8_t many[8 * sizeof enable];
    for (int i = 0; i < 8; i++)
        memcpy(many + (size_t)i * sizeof enable, enable, sizeof enable);
    fake_packet(HCI, 0x80, many, sizeof many);
    loops(3);
    CHECK(fakes.sent_packets == 1 + 5);
}

static void command_status_gives_credit_too(void) {
    start();
    fakes.mute = true;
    fake_packet(HCI, 0x80, enable, sizeof enable);
    fake_packet(HCI, 0x80, enable, sizeof enable);
    loops(2);
    static const uint8_t status[] = {0x04, 0x0f, 0x04, 0x00, 0x01, 0x0a, 0x20};
    fake_controller_says(status, sizeof status);
    loops(1);
    CHECK(fakes.sent_packets == 2);
}

static void a_busy_vhci_is_never_sent_to(void) {
    start();
    fakes.vhci_busy = true;
    fake_packet(HCI, 0x80, reset, sizeof reset);
    loops(5);
    CHECK(fakes.sent_packets == 0);
    fakes.vhci_busy = false;
    loops(1);
    CHECK(fakes.sent_packets == 1 && fakes.sent_while_busy == 0);
}

static void a_lost_answer_holds_commands_up_for_a_second_only(void) {
    start();
    fakes.mute = true;
    fake_packet(HCI, 0x80, enable, sizeof enable);
    fake_packet(HCI, 0x80, enable, sizeof enable);
    loops(90);
    CHECK(fakes.sent_packets == 1);
    loops(20);
    CHECK(fakes.sent_packets == 2);
}

static void reset_overtakes_what_waits(void) {
    start();
    fakes.mute = true;
    for (int i = 0; i < 10; i++)
        fake_packet(HCI, 0x80, enable, sizeof enable);
    loops(2);
    fake_packet(HCI, 0x80, reset, sizeof reset);
    loops(2);
    CHECK(fakes.sent_packets == 2);
    CHECK(memcmp(fakes.sent + sizeof enable, reset, sizeof reset) == 0);
}

static void what_is_no_whole_command_is_rejected_and_not_sent(void) {
    start();
    static const uint8_t not_a_command[] = {0x04, 0x03, 0x0c, 0x00};
    static const uint8_t cut_short[] = {0x01, 0x0a, 0x20, 0x02, 0x01};
    uint8_t good_then_bad[sizeof reset + 2] = {0x01, 0x03, 0x0c, 0x00, 0x01, 0x0a};
    fake_packet(HCI, 0x80, not_a_command, sizeof not_a_command);
    fake_packet(HCI, 0x80, cut_short, sizeof cut_short);
    fake_packet(HCI, 0x80, good_then_bad, sizeof good_then_bad);
    loops(3);
    CHECK(fakes.sent_packets == 1);
    CHECK(hci_register(0x181) == 3);
}

static void a_full_command_queue_rejects(void) {
    start();
    fakes.vhci_busy = true;
    uint8_t payload[232];
    for (int i = 0; i < 46; i++)
        memcpy(payload + (size_t)i * sizeof enable, enable, sizeof enable);
    for (int i = 0; i < 5; i++)
        fake_packet(HCI, 0x80, payload, 46 * sizeof enable);
    CHECK(hci_register(0x181) == 1);
    fakes.vhci_busy = false;
    loops(300);
    CHECK(fakes.sent_packets == 1024 / sizeof enable);
}

static void events_are_copied_and_batched_whole(void) {
    start();
    for (int i = 0; i < 10; i++)
        say(0x3e, 43);
    loops(1);
    CHECK(fakes.events_bytes == 10 * 46);
    // 5 x 46 = 230 fit in 232.
    CHECK(fakes.reports == 2);
    CHECK(fakes.last_bytes == 5 * 46);
}

static void a_full_bus_delays_events_and_loses_none(void) {
    start();
    fakes.bus_full = true;
    for (int i = 0; i < 12; i++)
        say(0x3e, 43);
    loops(5);
    CHECK(fakes.reports == 0);
    fakes.bus_full = false;
    loops(5);
    CHECK(fakes.events_bytes == 12 * 46);
}

static void a_burst_of_events_is_no_more_than_the_program_s_queue_holds(void) {
    start();
    for (int i = 0; i < 70; i++)
        say(0x3e, 43);
    loops(5);
    CHECK(fakes.frames_lost == 0 && fakes.events_bytes == 70 * 46);
}

static void what_is_no_whole_event_is_dropped(void) {
    start();
    static const uint8_t acl[] = {0x02, 0x00, 0x00, 0x01, 0x00, 0xaa};
    static const uint8_t longer_than_it_says[] = {0x04, 0x0e, 0x01, 0x01, 0x02};
    static const uint8_t shorter_than_it_says[] = {0x04, 0x0e, 0x09, 0x01};
    fake_controller_says(acl, sizeof acl);
    fake_controller_says(longer_than_it_says, sizeof longer_than_it_says);
    fake_controller_says(shorter_than_it_says, sizeof shorter_than_it_says);
    fake_controller_says(acl, 0);
    say(0x3e, 230);
    loops(2);
    CHECK(fakes.events_bytes == 0);
    CHECK(hci_register(0x180) == 5);
}

static void a_flood_of_reports_leaves_room_for_answers(void) {
    start();
    for (int i = 0; i < 500; i++)
        say(0x3e, 43);
    fake_packet(HCI, 0x80, reset, sizeof reset);
    fakes.bus_full = true;
    loops(1);
    for (int i = 0; i < 500; i++)
        say(0x3e, 43);
    say(0x0e, 4);
    fakes.bus_full = false;
    loops(2);
    CHECK(hci_register(0x180) > 0);
    bool answered = false;
    for (size_t at = 0; at < fakes.events_bytes; at += 3u + fakes.events[at + 2])
        answered |= fakes.events[at + 1] == 0x0e;
    CHECK(answered);
}

static void a_radio_that_does_not_start_is_announced_and_silent(void) {
    fakes_reset();
    fakes.radio_broken = true;
    switch_on();
    CHECK(fake_packet(HCI, 0x80, reset, sizeof reset));
    loops(5);
    CHECK(fakes.events_bytes == 0);
}

static void stale_calibration_is_erased(void) {
    fakes_reset();
    fakes.nvs_stale = true;
    switch_on();
    CHECK(!fakes.nvs_stale);
    fake_packet(HCI, 0x80, reset, sizeof reset);
    loops(2);
    CHECK(fakes.events_bytes > 0);
}

static void unknown_packets_are_answered_as_such(void) {
    start();
    fake_packet(HCI, 0x99, NULL, 0);
    fake_packet(FLASH, 0x99, NULL, 0);
    fake_packet(FLASH, FLASH_READ, reset, sizeof reset);
    CHECK(fakes.not_implemented == 3);
}

// --- flash store

static uint8_t flash_erase(uint32_t offset) {
    uint8_t payload[6];
    put_u32(payload, offset);
    put_u16(payload + 4, 0x1234);
    CHECK(fake_packet(FLASH, FLASH_ERASE, payload, sizeof payload));
    CHECK(fakes.last_command == FLASH_ERASE && fakes.last_bytes == 7);
    CHECK(get_u32(fakes.last) == offset && get_u16(fakes.last + 4) == 0x1234);
    return fakes.last[6];
}

static uint8_t flash_program(uint32_t offset, const uint8_t *data, size_t length) {
    uint8_t payload[236];
    put_u32(payload, offset);
    put_u16(payload + 4, 0xabcd);
    memcpy(payload + 6, data, length);
    CHECK(fake_packet(FLASH, FLASH_PROGRAM, payload, 6 + length));
    CHECK(fakes.last_command == FLASH_PROGRAM && fakes.last_bytes == 7);
    CHECK(get_u32(fakes.last) == offset && get_u16(fakes.last + 4) == 0xabcd);
    return fakes.last[6];
}

static uint8_t flash_read(uint32_t offset, uint32_t stride, uint8_t length, uint8_t count) {
    uint8_t payload[12];
    put_u32(payload, offset);
    put_u32(payload + 4, stride);
    put_u16(payload + 8, 7);
    payload[10] = length;
    payload[11] = count;
    CHECK(fake_packet(FLASH, FLASH_READ, payload, sizeof payload));
    CHECK(fakes.last_command == FLASH_READ && get_u32(fakes.last) == offset && get_u16(fakes.last + 4) == 7);
    CHECK(fakes.last_bytes == 7u + (fakes.last[6] == FLASH_OK ? (unsigned)length * count : 0));
    return fakes.last[6];
}

static void flash_keeps_what_is_programmed_and_forgets_what_is_erased(void) {
    start();
    CHECK(fake_packet(FLASH, GET(0x180), NULL, 0) && get_u32(fakes.last) == FAKE_PARTITION_BYTES);
    static const uint8_t data[] = {1, 2, 3, 4};
    CHECK(flash_program(4096, data, sizeof data) == FLASH_OK);
    CHECK(flash_program(8192, data, sizeof data) == FLASH_OK);
    CHECK(flash_program(4096, data, sizeof data) == FLASH_OK);
    CHECK(flash_read(4096, 4096, 2, 2) == FLASH_OK);
    CHECK(memcmp(fakes.last + 7, (uint8_t[]){1, 2, 1, 2}, 4) == 0);
    CHECK(flash_erase(4096) == FLASH_OK);
    CHECK(flash_read(4094, 0, 4, 1) == FLASH_OK);
    CHECK(memcmp(fakes.last + 7, (uint8_t[]){255, 255, 255, 255}, 4) == 0);
}

static void flash_takes_the_largest_transfers(void) {
    start();
    uint8_t data[FLASH_TRANSFER_BYTES];
    memset(data, 0x42, sizeof data);
    CHECK(flash_program(4096 - FLASH_TRANSFER_BYTES, data, sizeof data) == FLASH_OK);
    CHECK(flash_read(4096 - FLASH_TRANSFER_BYTES, 0, FLASH_TRANSFER_BYTES, 1) == FLASH_OK);
    CHECK(memcmp(fakes.last + 7, data, sizeof data) == 0);
    CHECK(flash_read(0, 4096, 14, 16) == FLASH_OK);
}

static void flash_refuses_a_zero_that_must_become_a_one(void) {
    start();
    CHECK(flash_program(10, (uint8_t[]){0x0f, 0x0f}, 2) == FLASH_OK);
    CHECK(flash_program(10, (uint8_t[]){0x0e, 0xf0}, 2) == FLASH_NOT_ERASED);
    CHECK(fakes.cells[10] == 0x0f && fakes.cells[11] == 0x0f);
}

static void flash_refuses_what_is_out_of_range(void) {
    start();
    uint8_t data[230] = {0};
    CHECK(flash_program(FAKE_PARTITION_BYTES - 1, data, 2) == FLASH_OUT_OF_RANGE);
    CHECK(flash_program(4095, data, 2) == FLASH_OUT_OF_RANGE);
    CHECK(flash_program(0xffffffff, data, 1) == FLASH_OUT_OF_RANGE);
    CHECK(flash_program(0, data, 0) == FLASH_OUT_OF_RANGE);
    CHECK(flash_program(0, data, 225) == FLASH_OUT_OF_RANGE);
    CHECK(flash_erase(1) == FLASH_OUT_OF_RANGE);
    CHECK(flash_erase(FAKE_PARTITION_BYTES) == FLASH_OUT_OF_RANGE);
    CHECK(flash_read(FAKE_PARTITION_BYTES - 1, 0, 2, 1) == FLASH_OUT_OF_RANGE);
    CHECK(flash_read(0xfffffff0, 0, 224, 1) == FLASH_OUT_OF_RANGE);
    CHECK(flash_read(0, 0x80000000, 1, 3) == FLASH_OUT_OF_RANGE);
    CHECK(flash_read(0, 0xffffffff, 1, 2) == FLASH_OUT_OF_RANGE);
    CHECK(flash_read(0, 0, 0, 1) == FLASH_OUT_OF_RANGE);
    CHECK(flash_read(0, 0, 1, 0) == FLASH_OUT_OF_RANGE);
    CHECK(flash_read(0, 0, 15, 15) == FLASH_OUT_OF_RANGE);
    CHECK(flash_read(5, 0xffffffff, 2, 1) == FLASH_OK);
}

static void flash_faults_are_reported(void) {
    start();
    fakes.flash_worn = true;
    CHECK(flash_program(0, (uint8_t[]){1}, 1) == FLASH_FAULT);
    fakes.flash_broken = true;
    CHECK(flash_program(0, (uint8_t[]){1}, 1) == FLASH_FAULT);
    CHECK(flash_read(0, 0, 1, 1) == FLASH_FAULT);
    CHECK(flash_erase(0) == FLASH_FAULT);
}

static void no_partition_means_no_flash_store(void) {
    fakes_reset();
    fakes.partition_missing = true;
    switch_on();
    CHECK(!fake_packet(FLASH, FLASH_ERASE, NULL, 0));
    CHECK(fake_packet(HCI, 0x80, reset, sizeof reset));
}

// --- two tasks at once

#define MESSAGES 200000u

static struct event_ring ring;

static void *controller_task(void *unused) {
    (void)unused;
    uint8_t message[64];
    for (uint32_t i = 0; i < MESSAGES; i++) {
        uint16_t length = (uint16_t)(4 + i % 60);
        memset(message, (int)(i & 0xff), sizeof message);
        put_u32(message, i);
        while (!event_ring_push(&ring, message, length, 0))
            sched_yield();
    }
    return NULL;
}

static void a_ring_between_two_tasks_keeps_every_byte_in_order(void) {
    event_ring_init(&ring);
    pthread_t task;
    CHECK(pthread_create(&task, NULL, controller_task, NULL) == 0);
    for (uint32_t i = 0; i < MESSAGES; i++) {
        uint8_t message[64];
        while (event_ring_peek(&ring) == 0)
            sched_yield();
        CHECK(event_ring_peek(&ring) == 4 + i % 60);
        uint16_t length = event_ring_peek(&ring);
        event_ring_pop(&ring, message);
        CHECK(get_u32(message) == i);
        for (uint16_t k = 4; k < length; k++)
            CHECK(message[k] == (i & 0xff));
    }
    pthread_join(task, NULL);
    CHECK(event_ring_peek(&ring) == 0);
}

int main(void) {
    RUN(a_command_reaches_the_controller_and_its_answer_comes_back);
    RUN(commands_of_one_send_go_out_in_order_one_answer_apart);
    RUN(a_controller_that_allows_five_gets_five);
    RUN(command_status_gives_credit_too);
    RUN(a_busy_vhci_is_never_sent_to);
    RUN(a_lost_answer_holds_commands_up_for_a_second_only);
    RUN(reset_overtakes_what_waits);
    RUN(what_is_no_whole_command_is_rejected_and_not_sent);
    RUN(a_full_command_queue_rejects);
    RUN(events_are_copied_and_batched_whole);
    RUN(a_full_bus_delays_events_and_loses_none);
    RUN(a_burst_of_events_is_no_more_than_the_program_s_queue_holds);
    RUN(what_is_no_whole_event_is_dropped);
    RUN(a_flood_of_reports_leaves_room_for_answers);
    RUN(a_radio_that_does_not_start_is_announced_and_silent);
    RUN(stale_calibration_is_erased);
    RUN(unknown_packets_are_answered_as_such);
    RUN(flash_keeps_what_is_programmed_and_forgets_what_is_erased);
    RUN(flash_takes_the_largest_transfers);
    RUN(flash_refuses_a_zero_that_must_become_a_one);
    RUN(flash_refuses_what_is_out_of_range);
    RUN(flash_faults_are_reported);
    RUN(no_partition_means_no_flash_store);
    RUN(a_ring_between_two_tasks_keeps_every_byte_in_order);
    fakes_reset();
    return 0;
}
