// What passes between the device and the computer on its cable, with the gate where the linker puts it.

#include <string.h>

#include "bytes.h"
#include "check.h"
#include "chirpfob_native.h"
#include "fakes.h"
#include "flash_bridge.h"
#include "gate_wraps.h"
#include "usb_gate.h"

#define HCI 0x1c4fb001u
#define FLASH 0x1c4fb002u
#define SETTINGS 0x1107dc4au
#define BUTTON 0x1473a263u
#define COMMAND JD_FRAME_FLAG_COMMAND
#define BROADCAST (JD_FRAME_FLAG_COMMAND | JD_FRAME_FLAG_BROADCAST)
#define GET(reg) (0x1000 | (reg))
#define SECRET_BYTES (sizeof FAKE_SECRET - 1)

int jd_rx_frame_received(jd_frame_t *frame);
int jd_send_frame(jd_frame_t *frame);

static void switch_on(void) {
    fake_runtime_start();
    chirpfob_native_init();
    fake_main_loop();
    fakes.to_usb_bytes = 0;
}

static void start(void) {
    fakes_reset();
    fake_secret_flash();
    switch_on();
}

static jd_frame_t frame_of(uint8_t flags, uint64_t id) {
    jd_frame_t frame = {.flags = flags};
    frame.device_identifier = id;
    return frame;
}

static void add(jd_frame_t *frame, unsigned index, unsigned command, const void *data, size_t length) {
    uint8_t *packet = frame->data + frame->size;
    packet[0] = (uint8_t)length;
    packet[1] = (uint8_t)index;
    put_u16(packet + 2, (uint16_t)command);
    if (length > 0)
        memcpy(packet + 4, data, length);
    frame->size = (uint8_t)(frame->size + ((4 + length + 3) & ~(size_t)3));
}

static jd_frame_t one(uint8_t flags, uint64_t id, unsigned index, unsigned command, const void *data, size_t length) {
    jd_frame_t frame = frame_of(flags, id);
    add(&frame, index, command, data, length);
    return frame;
}

/** The computer sends a frame; the device has dealt with it when this returns. */
static void from_usb(jd_frame_t frame) {
    fake_usb_sends(&frame);
    while (jd_rx_has_frame())
        fake_main_loop();
}

static bool usb_saw(const void *bytes, size_t length) {
    for (size_t at = 0; at + length <= fakes.to_usb_bytes; at++)
        if (memcmp(fakes.to_usb + at, bytes, length) == 0)
            return true;
    return false;
}

static const uint8_t read_all[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 224, 1};

// --- from the device

static void nothing_passes_before_the_component_has_started(void) {
    fakes_reset();
    fake_runtime_start();
    fake_main_loop();
    CHECK(fakes.to_usb_bytes == 0);
    from_usb(one(COMMAND, FAKE_DEVICE_ID, FAKE_MANAGER, 0x80, NULL, 0));
    CHECK(fakes.commands_served == 0);
}

static void the_program_uses_flash_radio_and_settings_and_the_computer_sees_none_of_it(void) {
    start();
    CHECK(gate_stands());
    CHECK(fake_packet(FLASH, FLASH_READ, read_all, sizeof read_all));
    CHECK(fakes.last_command == FLASH_READ && memcmp(fakes.last + 7, FAKE_SECRET, SECRET_BYTES) == 0);
    uint8_t program[6 + SECRET_BYTES] = {0};
    memcpy(program + 6, FAKE_SECRET, SECRET_BYTES);
    CHECK(fake_packet(FLASH, FLASH_PROGRAM, program, sizeof program));
    CHECK(fake_packet(SETTINGS, 0x80, FAKE_SECRET, SECRET_BYTES));
    uint8_t event[3 + SECRET_BYTES] = {0x04, 0x3e, SECRET_BYTES};
    memcpy(event + 3, FAKE_SECRET, SECRET_BYTES);
    for (int i = 0; i < 40; i++) {
        fake_controller_says(event, sizeof event);
        fake_main_loop();
    }
    CHECK(fakes.events_bytes == 40 * sizeof event);
    fakes.now_us += 1000000;
    fake_main_loop();
    CHECK(fakes.to_usb_bytes > 0);
    CHECK(!usb_saw(FAKE_SECRET, SECRET_BYTES));
    CHECK(fakes.to_net == 0 && fakes.to_wire == 0);
}

static void reports_of_the_program_s_own_services_reach_the_computer_as_they_are(void) {
    start();
    jd_frame_t frame = frame_of(0, FAKE_PROGRAM_ID);
    add(&frame, 0, 0, "\1\7\1\0\3\260\117\34", 8);
    add(&frame, 1, 0x80, "a status of the keyfob", 22);
    jd_compute_crc(&frame);
    jd_frame_t sent = frame;
    jd_send_frame(&frame);
    CHECK(fakes.to_usb_bytes == 12u + sent.size && memcmp(fakes.to_usb, &sent, fakes.to_usb_bytes) == 0);
}

static void an_announcement_shows_the_program_manager_and_hides_the_rest(void) {
    start();
    fakes.now_us += 1000000;
    fake_main_loop();
    const uint8_t *frame = fakes.to_usb;
    CHECK(fakes.to_usb_bytes == 12 + 4 + 12 && frame[12] == 12 && frame[13] == 0 && get_u16(frame + 14) == 0);
    CHECK(get_u32(frame + 16) == 0x00010701);
    CHECK(get_u32(frame + 20) == USB_GATE_HIDDEN_CLASS && get_u32(frame + 24) == USB_GATE_MANAGER_CLASS);
}

static void of_several_packets_in_a_frame_only_the_public_ones_leave(void) {
    start();
    jd_frame_t frame = frame_of(JD_FRAME_FLAG_LOOPBACK, FAKE_DEVICE_ID);
    add(&frame, FAKE_FLASH, FLASH_READ, FAKE_SECRET FAKE_SECRET, 2 * SECRET_BYTES);
    add(&frame, FAKE_CONTROL, GET(0x180), "up", 2);
    add(&frame, FAKE_HCI, 0x81, FAKE_SECRET, SECRET_BYTES);
    add(&frame, FAKE_SETTINGS, 0x80, FAKE_SECRET, SECRET_BYTES - 1);
    add(&frame, FAKE_MANAGER, 0x80, "port", 4);
    add(&frame, JD_SERVICE_INDEX_CRC_ACK, 0x4711, NULL, 0);
    add(&frame, FAKE_BUTTON, 0x8101, NULL, 0);
    jd_compute_crc(&frame);
    jd_send_frame(&frame);
    jd_frame_t expected = frame_of(0, FAKE_DEVICE_ID);
    add(&expected, FAKE_CONTROL, GET(0x180), "up", 2);
    add(&expected, FAKE_MANAGER, 0x80, "port", 4);
    add(&expected, JD_SERVICE_INDEX_CRC_ACK, 0x4711, NULL, 0);
    jd_compute_crc(&expected);
    CHECK(fakes.to_usb_bytes == 12u + expected.size && memcmp(fakes.to_usb, &expected, fakes.to_usb_bytes) == 0);
}

static void a_frame_of_the_device_that_is_cut_short_gives_nothing_away(void) {
    start();
    for (unsigned size = 0; size <= 255; size++)
        for (unsigned length = 0; length <= 255; length++) {
            jd_frame_t frame = frame_of(0, FAKE_DEVICE_ID), out;
            memset(frame.data, 'x', sizeof frame.data);
            frame.size = (uint8_t)size;
            frame.data[0] = (uint8_t)length;
            frame.data[1] = FAKE_FLASH;
            const struct usb_gate gate = {FAKE_DEVICE_ID, FAKE_PROGRAM_ID, FAKE_MANAGER};
            CHECK(!usb_gate_releases(&gate, &frame, &out));
        }
}

static void what_the_program_commands_leaves_the_device_for_nobody(void) {
    start();
    static const uint64_t ids[] = {FAKE_DEVICE_ID, FAKE_PROGRAM_ID, 0x99, JD_DEVICE_IDENTIFIER_BROADCAST_MARK | FLASH};
    for (unsigned flags = 0; flags < 256; flags++)
        for (unsigned i = 0; i < 4; i++) {
            bool is_report_of_ours = (flags & ~(unsigned)JD_FRAME_FLAG_LOOPBACK) == 0 && i < 2;
            jd_frame_t frame = one((uint8_t)flags, ids[i], FAKE_FLASH, FLASH_PROGRAM, FAKE_SECRET, SECRET_BYTES), out;
            const struct usb_gate gate = {FAKE_DEVICE_ID, FAKE_PROGRAM_ID, FAKE_MANAGER};
            CHECK(usb_gate_releases(&gate, &frame, &out) == (is_report_of_ours && i == 1));
        }
}

// --- from the computer

static void the_computer_reaches_keyfob_manager_pipe_and_control(void) {
    start();
    from_usb(one(COMMAND, FAKE_DEVICE_ID, FAKE_MANAGER, 0x80, "size", 4));
    from_usb(one(COMMAND, FAKE_DEVICE_ID, FAKE_MANAGER, 0x2081, "\1", 1));
    from_usb(one(COMMAND, FAKE_DEVICE_ID, FAKE_CONTROL, 0x82, NULL, 0));
    from_usb(one(COMMAND, FAKE_DEVICE_ID, FAKE_CONTROL, GET(0x180), NULL, 0));
    from_usb(one(BROADCAST, JD_DEVICE_IDENTIFIER_BROADCAST_MARK, 0x3d, 0, NULL, 0));
    CHECK(fakes.commands_served == 5 && fakes.intrusions == 0);
    const struct usb_gate gate = {FAKE_DEVICE_ID, FAKE_PROGRAM_ID, FAKE_MANAGER};
    jd_frame_t piece = one(COMMAND | JD_FRAME_FLAG_ACK_REQUESTED, FAKE_DEVICE_ID, JD_SERVICE_INDEX_STREAM, 0x81, "b", 1);
    jd_frame_t keyfob = one(COMMAND, FAKE_PROGRAM_ID, 1, 0x80, NULL, 0);
    CHECK(usb_gate_admits(&gate, &piece) && usb_gate_admits(&gate, &keyfob));
}

static void no_command_at_all_reaches_another_service(void) {
    start();
    static const uint8_t hidden[] = {FAKE_ROLES, FAKE_DEBUGGER, FAKE_SETTINGS, FAKE_BUTTON, FAKE_HCI, FAKE_FLASH};
    for (unsigned i = 0; i < sizeof hidden; i++)
        for (unsigned command = 0; command <= 0xffff; command++) {
            jd_frame_t frame = one(COMMAND, FAKE_DEVICE_ID, hidden[i], command, read_all, sizeof read_all);
            fake_usb_sends(&frame);
        }
    for (unsigned index = 0; index <= 0xff; index++)
        if (index != FAKE_CONTROL && index != FAKE_MANAGER && index != JD_SERVICE_INDEX_STREAM)
            for (unsigned command = 0x80; command < 0x90; command++) {
                jd_frame_t frame = one(COMMAND, FAKE_DEVICE_ID, index, command, read_all, sizeof read_all);
                fake_usb_sends(&frame);
            }
    CHECK(!jd_rx_has_frame());
    fake_main_loop();
    CHECK(fakes.intrusions == 0 && gate_stands() && fakes.to_usb_bytes == 0);
}

static void control_does_no_more_than_announce_identify_reset_and_tell(void) {
    start();
    for (unsigned command = 0; command <= 0xffff; command++) {
        jd_frame_t frame = one(COMMAND, FAKE_DEVICE_ID, FAKE_CONTROL, command, read_all, 4);
        const struct usb_gate gate = {FAKE_DEVICE_ID, FAKE_PROGRAM_ID, FAKE_MANAGER};
        bool expected = command == 0 || command == 0x81 || command == 0x82 || command >> 12 == 1;
        CHECK(usb_gate_admits(&gate, &frame) == expected);
    }
}

static void services_cannot_be_reached_by_their_class(void) {
    start();
    static const uint32_t classes[] = {HCI, FLASH, SETTINGS, BUTTON, 0x155b5b40, 0x1e4b7e66, USB_GATE_MANAGER_CLASS};
    for (unsigned i = 0; i < sizeof classes / sizeof classes[0]; i++)
        for (unsigned flags = 0; flags < 256; flags++) {
            from_usb(one((uint8_t)flags, JD_DEVICE_IDENTIFIER_BROADCAST_MARK | classes[i], 0x3d, 0x80, read_all, 12));
            from_usb(one((uint8_t)flags, JD_DEVICE_IDENTIFIER_BROADCAST_MARK | classes[i], 0x3d, 0, read_all, 12));
            from_usb(one((uint8_t)flags, classes[i], 0, 0, read_all, 12));
        }
    CHECK(fakes.intrusions == 0 && fakes.commands_served == 0 && fakes.reports == 0);
}

static void the_computer_cannot_speak_as_a_device(void) {
    start();
    static const uint64_t ids[] = {FAKE_DEVICE_ID, FAKE_PROGRAM_ID, 0x99, FAKE_DEVICE_ID ^ 1};
    for (unsigned i = 0; i < 4; i++) {
        // A pressed button, flash that holds something else, an advertising report, a device that offers a flash store.
        from_usb(one(0, ids[i], FAKE_BUTTON, 0x8102, "\1\0\0\0", 4));
        from_usb(one(0, ids[i], FAKE_FLASH, FLASH_READ, "\0\0\0\0\1\0\0\252", 8));
        from_usb(one(0, ids[i], FAKE_HCI, 0x81, "\4\76\0", 3));
        from_usb(one(0, ids[i], 0, 0, "\1\7\1\0\2\260\117\34", 8));
        from_usb(one(JD_FRAME_FLAG_LOOPBACK, ids[i], FAKE_BUTTON, 0x8102, NULL, 0));
    }
    CHECK(fakes.intrusions == 0);
}

static void flags_with_another_meaning_are_refused(void) {
    start();
    const struct usb_gate gate = {FAKE_DEVICE_ID, FAKE_PROGRAM_ID, FAKE_MANAGER};
    for (unsigned flags = 0; flags < 256; flags++) {
        jd_frame_t frame = one((uint8_t)flags, FAKE_DEVICE_ID, FAKE_MANAGER, 0x80, NULL, 0);
        CHECK(usb_gate_admits(&gate, &frame) == (flags == COMMAND || flags == (COMMAND | JD_FRAME_FLAG_ACK_REQUESTED)));
    }
}

static void a_second_packet_is_refused_with_the_first_wherever_it_is_hidden(void) {
    start();
    jd_frame_t plain = one(COMMAND, FAKE_DEVICE_ID, FAKE_MANAGER, 0x80, "size", 4);
    add(&plain, FAKE_FLASH, FLASH_READ, read_all, sizeof read_all);
    from_usb(plain);
    jd_frame_t reordered = one(COMMAND, FAKE_DEVICE_ID, FAKE_FLASH, FLASH_READ, read_all, sizeof read_all);
    add(&reordered, FAKE_MANAGER, 0x80, "size", 4);
    from_usb(reordered);
    // jacdac-c takes 0xff in the padding for a mark that says where the next packet is.
    jd_frame_t marked = one(COMMAND, FAKE_DEVICE_ID, FAKE_MANAGER, 0x80, "s", 1);
    marked.data[5] = 0xff;
    marked.data[6] = 8;
    add(&marked, FAKE_FLASH, FLASH_ERASE, read_all, 6);
    from_usb(marked);
    from_usb(one(COMMAND, FAKE_PROGRAM_ID, 1, 0x80, NULL, 0));
    CHECK(fakes.commands_served == 0 && fakes.intrusions == 0);
}

static void frames_of_impossible_sizes_are_refused(void) {
    start();
    const struct usb_gate gate = {FAKE_DEVICE_ID, FAKE_PROGRAM_ID, FAKE_MANAGER};
    for (unsigned size = 0; size <= 255; size++)
        for (unsigned length = 0; length <= 255; length++) {
            jd_frame_t frame = one(COMMAND, FAKE_DEVICE_ID, FAKE_MANAGER, 0x80, NULL, 0);
            frame.size = (uint8_t)size;
            frame.data[0] = (uint8_t)length;
            bool fits = size <= 240 && 4 + length <= size && size <= ((4 + length + 3) & ~3u);
            CHECK(usb_gate_admits(&gate, &frame) == fits);
        }
    // Without packets: the runtime would stop the device.
    from_usb(frame_of(COMMAND, FAKE_DEVICE_ID));
    static const uint8_t cut_short[] = {0xfe, 0xfc, 1, 2, 200, 1, 0xfe, 0xfd};
    fake_usb_bytes(cut_short, sizeof cut_short);
    CHECK(!jd_rx_has_frame());
}

static void network_and_wire_are_shut(void) {
    start();
    jd_frame_t frame = one(COMMAND, FAKE_DEVICE_ID, FAKE_FLASH, FLASH_READ, read_all, sizeof read_all);
    jd_compute_crc(&frame);
    jd_rx_frame_received(&frame);
    jd_frame_t announcement = one(0, 0x99, 0, 0, "\1\7\1\0\2\260\117\34", 8);
    jd_rx_frame_received(&announcement);
    fake_main_loop();
    CHECK(fakes.intrusions == 0 && fakes.to_net == 0 && fakes.to_wire == 0);
}

// --- failing closed

static void a_runtime_whose_usb_driver_goes_round_the_gate_gets_neither_flash_nor_radio(void) {
    fakes_reset();
    fakes.usb_takes_a_side_door = true;
    switch_on();
    for (int i = 0; i < 300; i++)
        fake_main_loop();
    CHECK(!gate_stands());
    CHECK(fake_packet(FLASH, FLASH_READ, read_all, sizeof read_all));
    CHECK(fake_packet(FLASH, GET(0x180), NULL, 0));
    CHECK(fake_packet(HCI, 0x80, "\1\3\14", 4));
    fake_controller_says((const uint8_t *)"\4\16\4\1\3\14", 7);
    for (int i = 0; i < 10; i++)
        fake_main_loop();
    CHECK(fakes.reports == 0 && fakes.events_bytes == 0 && fakes.sent_packets == 0);
}

static void a_probe_that_the_computer_forges_changes_nothing(void) {
    start();
    for (unsigned index = 0; index < 64; index++)
        from_usb(one(COMMAND, FAKE_DEVICE_ID, index, GATE_PROBE_COMMAND, NULL, 0));
    CHECK(gate_stands() && fakes.intrusions == 0);
    CHECK(fake_packet(FLASH, FLASH_READ, read_all, sizeof read_all) && fakes.reports == 1);
}

static void a_computer_that_talks_while_the_device_starts_only_delays_the_proof(void) {
    fakes_reset();
    fake_runtime_start();
    chirpfob_native_init();
    CHECK(!gate_stands());
    static const uint8_t half[] = {0xfe, 0xfc, 1, 2, 3, 0xfe};
    fake_usb_bytes(half, sizeof half);
    fake_main_loop();
    fake_main_loop();
    CHECK(gate_stands());
}

int main(void) {
    RUN(nothing_passes_before_the_component_has_started);
    RUN(the_program_uses_flash_radio_and_settings_and_the_computer_sees_none_of_it);
    RUN(reports_of_the_program_s_own_services_reach_the_computer_as_they_are);
    RUN(an_announcement_shows_the_program_manager_and_hides_the_rest);
    RUN(of_several_packets_in_a_frame_only_the_public_ones_leave);
    RUN(a_frame_of_the_device_that_is_cut_short_gives_nothing_away);
    RUN(what_the_program_commands_leaves_the_device_for_nobody);
    RUN(the_computer_reaches_keyfob_manager_pipe_and_control);
    RUN(no_command_at_all_reaches_another_service);
    RUN(control_does_no_more_than_announce_identify_reset_and_tell);
    RUN(services_cannot_be_reached_by_their_class);
    RUN(the_computer_cannot_speak_as_a_device);
    RUN(flags_with_another_meaning_are_refused);
    RUN(a_second_packet_is_refused_with_the_first_wherever_it_is_hidden);
    RUN(frames_of_impossible_sizes_are_refused);
    RUN(network_and_wire_are_shut);
    RUN(a_runtime_whose_usb_driver_goes_round_the_gate_gets_neither_flash_nor_radio);
    RUN(a_probe_that_the_computer_forges_changes_nothing);
    RUN(a_computer_that_talks_while_the_device_starts_only_delays_the_proof);
    fakes_reset();
    return 0;
}
