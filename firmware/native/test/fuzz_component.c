// One input is a script: Jacdac packets, controller packets and faults, in any order, against the whole component. The
// sanitizers and the fakes' own abort() calls judge; the checks here are what must hold whatever comes.

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "chirpfob_native.h"
#include "fakes.h"

#define HCI 0x1c4fb001
#define FLASH 0x1c4fb002

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fakes_reset();
    uint8_t flags = next(&data, &size);
    fakes.radio_broken = (flags & 0x07) == 0x07;
    fakes.partition_missing = (flags & 0x38) == 0x38;
    fakes.nvs_stale = flags & 0x40;
    fakes.mute = flags & 0x80;
    chirpfob_native_init();
    while (size > 0) {
        uint8_t step = next(&data, &size);
        size_t length;
        uint8_t *bytes;
        switch (step % 8) {
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
        default:
            fake_main_loop();
        }
    }
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
