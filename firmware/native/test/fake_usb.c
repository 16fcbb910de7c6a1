// The USB cable of the runtime: the documented framing both ways (jacdac-spec, usbbridge.md).

#include <stdlib.h>
#include <string.h>

#include "fakes.h"
#include "interfaces/jd_usb.h"

#define MAGIC 0xfeu
#define LITERAL_MAGIC 0xf8u
#define FRAME_START 0xfcu
#define FRAME_END 0xfdu
#define FRAME_HEADER_BYTES 12u

int jd_usb_send_frame(void *frame);
int jd_send_frame_raw(jd_frame_t *frame);

static jd_frame_t incoming;
static size_t incoming_bytes;
static bool in_frame, after_magic;

void fake_usb_reset(void) {
    incoming_bytes = 0;
    in_frame = after_magic = false;
}

int jd_usb_send_frame(void *frame) {
    const jd_frame_t *sent = frame;
    size_t bytes = FRAME_HEADER_BYTES + sent->size;
    jd_frame_t checked = *sent;
    jd_compute_crc(&checked);
    if (checked.crc != sent->crc)
        abort();
    if (fakes.to_usb_bytes + bytes <= sizeof fakes.to_usb) {
        memcpy(fakes.to_usb + fakes.to_usb_bytes, sent, bytes);
        fakes.to_usb_bytes += bytes;
    }
    return 0;
}

static void frame_ended(void) {
    size_t declared = FRAME_HEADER_BYTES + incoming.size;
    if (incoming_bytes < declared)
        return;
    uint16_t crc = incoming.crc;
    jd_compute_crc(&incoming);
    if (incoming.crc != crc)
        return;
    if (fakes.usb_takes_a_side_door)
        fake_frame_from_usb(&incoming, true);
    else
        jd_send_frame_raw(&incoming);
}

void jd_usb_push(const uint8_t *buf, unsigned len) {
    for (unsigned i = 0; i < len; i++) {
        uint8_t byte = buf[i];
        if (!after_magic && byte == MAGIC) {
            after_magic = true;
            continue;
        }
        if (after_magic) {
            after_magic = false;
            if (byte == FRAME_START || byte == FRAME_END) {
                if (byte == FRAME_END && in_frame)
                    frame_ended();
                in_frame = byte == FRAME_START;
                incoming_bytes = 0;
                continue;
            }
            if (byte != LITERAL_MAGIC)
                continue;
            byte = MAGIC;
        }
        if (in_frame && incoming_bytes < sizeof incoming)
            ((uint8_t *)&incoming)[incoming_bytes++] = byte;
    }
}

void fake_usb_sends(jd_frame_t *frame) {
    if (frame->size <= sizeof frame->data)
        jd_compute_crc(frame);
    uint8_t line[2 * sizeof *frame + 4];
    unsigned length = 0;
    line[length++] = MAGIC;
    line[length++] = FRAME_START;
    for (size_t i = 0; i < FRAME_HEADER_BYTES + frame->size && i < sizeof *frame; i++) {
        line[length++] = ((const uint8_t *)frame)[i];
        if (line[length - 1] == MAGIC)
            line[length++] = LITERAL_MAGIC;
    }
    line[length++] = MAGIC;
    line[length++] = FRAME_END;
    fake_usb_bytes(line, length);
}
