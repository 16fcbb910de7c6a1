// One input is a script: packets of the program, the controller, the computer on the USB cable and the Jacdac wire, and faults,
// in any order, against the whole component. The sanitizers and the fakes' own abort() calls judge; the checks here are what
// must hold whatever comes.

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "chirpfob_native.h"
#include "fakes.h"

#define HCI 0x1c4fb001
#define FLASH 0x1c4fb002
#define SETTINGS 0x1107dc4a

int jd_rx_frame_received(jd_frame_t *frame);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t next(const uint8_t **data, size_t *size) {
    if (*size == 0)
        return 0;
    (*size)--;
    return *(*data)++;
}

/** Up to `limit` bytes of the rest of the input, in a buffer of exactly their size. */
static uint8_t *piece(const uint8_t **data, size_t *size, size_t limit, size_t *length) {
    size_t wanted = next(data, size);
    *length = wanted < limit ? wanted : limit;
    if (*length > *size)
        *length = *size;
    uint8_t *copy = malloc(*length + 1);
    memcpy(copy, *data, *length);
    *data += *length;
    *size -= *length;
    return copy;
}

/** A frame that is nearly right: its ends and indexes are those that there are, the rest is the input's. */
static void frame_of_computer(const uint8_t **data, size_t *size, bool on_the_wire) {
    static const uint64_t ids[] = {FAKE_DEVICE_ID, FAKE_PROGRAM_ID, 0x99, JD_DEVICE_IDENTIFIER_BROADCAST_MARK,
                                   JD_DEVICE_IDENTIFIER_BROADCAST_MARK | HCI,
                                   JD_DEVICE_IDENTIFIER_BROADCAST_MARK | FLASH, FLASH, 0};
    uint8_t choice = next(data, size);
    jd_frame_t frame = {.flags = choice & 0x80 ? next(data, size) : JD_FRAME_FLAG_COMMAND};
    frame.device_identifier = ids[choice % 8];
    size_t length;
    uint8_t *bytes = piece(data, size, sizeof frame.data, &length);
    memcpy(frame.data, bytes, length);
    free(bytes);
    frame.size = (uint8_t)length;
    if (choice & 0x40) {
        frame.data[0] = (uint8_t)(length > 4 ? length - 4 : 0);
        frame.data[1] = next(data, size) & 7;
    }
    if (choice & 0x20)
        frame.size = next(data, size);
    if (!on_the_wire)
        fake_usb_sends(&frame);
    else if (frame.size <= sizeof frame.data)
        jd_rx_frame_received(&frame);
}

static void the_program_reports(void) {
    jd_frame_t frame = {.size = 8};
    frame.device_identifier = FAKE_PROGRAM_ID;
    memcpy(frame.data, "\4\1\200\0okay", 8);
    jd_compute_crc(&frame);
    fake_program_sends(&frame);
}

/** The computer got reports of what it may use, and none of the secret that settings, flash and radio are full of. */
static void check_usb(void) {
    const size_t secret_bytes = sizeof FAKE_SECRET - 1;
    for (size_t at = 0; at + secret_bytes <= fakes.to_usb_bytes; at++)
        if (memcmp(fakes.to_usb + at, FAKE_SECRET, secret_bytes) == 0)
            abort();
    // A frame that found no more room in the fake is left out; those before it are whole.
    for (size_t at = 0; at < fakes.to_usb_bytes; at += 12u + fakes.to_usb[at + 2]) {
        jd_frame_t frame;
        memcpy(&frame, fakes.to_usb + at, 12u + fakes.to_usb[at + 2]);
        if (frame.flags != 0 || (frame.device_identifier != FAKE_DEVICE_ID && frame.device_identifier != FAKE_PROGRAM_ID))
            abort();
        for (size_t packet = 0; frame.device_identifier == FAKE_DEVICE_ID && packet < frame.size;
             packet += (4u + frame.data[packet] + 3u) & ~3u) {
            uint8_t index = frame.data[packet + 1];
            if (index != FAKE_CONTROL && index != FAKE_MANAGER && index != JD_SERVICE_INDEX_CRC_ACK)
                abort();
        }
    }
    if (fakes.intrusions > 0 || fakes.to_net > 0 || fakes.to_wire > 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fakes_reset();
    fake_secret_flash();
    uint8_t flags = next(&data, &size);
    fakes.radio_broken = (flags & 0x07) == 0x07;
    fakes.partition_missing = (flags & 0x38) == 0x38;
    fakes.nvs_stale = flags & 0x40;
    fakes.mute = flags & 0x80;
    fake_runtime_start();
    chirpfob_native_init();
    while (size > 0) {
        uint8_t step = next(&data, &size);
        size_t length;
        uint8_t *bytes;
        switch (step % 16) {
        case 0:
            bytes = piece(&data, &size, 255, &length);
            fake_controller_says(bytes, length);
            free(bytes);
            break;
        case 1:
            bytes = piece(&data, &size, 236, &length);
            fake_packet(HCI, 0x80, bytes, length);
            free(bytes);
            break;
        case 2:
            bytes = piece(&data, &size, 236, &length);
            fake_packet(FLASH, (uint16_t)(0x80 + next(&data, &size) % 4), bytes, length);
            free(bytes);
            break;
        case 3:
            bytes = piece(&data, &size, 236, &length);
            fake_packet(step & 0x80 ? HCI : FLASH, (uint16_t)(next(&data, &size) << 8 | next(&data, &size)), bytes,
                        length);
            free(bytes);
            break;
        case 4:
            fakes.vhci_busy = step & 0x80;
            fakes.bus_full = step & 0x40;
            fakes.flash_broken = step & 0x20;
            fakes.flash_worn = step & 0x10;
            break;
        case 5:
            fakes.ncmd = next(&data, &size);
            break;
        case 6:
            fakes.now_us += (int64_t)next(&data, &size) * 100000;
            break;
        case 7:
            bytes = piece(&data, &size, 255, &length);
            fake_usb_bytes(bytes, length);
            free(bytes);
            break;
        case 8:
        case 9:
            frame_of_computer(&data, &size, false);
            break;
        case 10:
            frame_of_computer(&data, &size, true);
            break;
        case 11:
            fake_controller_says((const uint8_t *)"\4\76\11\2" FAKE_SECRET, 12);
            break;
        case 12:
            fake_packet(SETTINGS, 0x80, FAKE_SECRET, sizeof FAKE_SECRET - 1);
            break;
        case 13:
            the_program_reports();
            break;
        default:
            fake_main_loop();
        }
    }
    check_usb();
    if (fakes.sent_while_busy > 0)
        abort();
    // What was handed to the controller, and what was reported, is whole packets one after the other.
    for (size_t at = 0; at < fakes.sent_bytes && fakes.sent_bytes < sizeof fakes.sent - 300;
         at += 4u + fakes.sent[at + 3])
        if (fakes.sent[at] != 0x01 || at + 4u + fakes.sent[at + 3] > fakes.sent_bytes)
            abort();
    for (size_t at = 0; at < fakes.events_bytes && fakes.events_bytes < sizeof fakes.events - 300;
         at += 3u + fakes.events[at + 2])
        if (fakes.events[at] != 0x04 || at + 3u + fakes.events[at + 2] > fakes.events_bytes)
            abort();
    return 0;
}
