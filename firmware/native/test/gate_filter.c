// The gate as a filter, for gateAgreement.test.ts: frames of FRAME_BYTES each on stdin, a byte before each says which way it
// goes; on stdout a byte, whether it passes, and the frame that is left of it.

#include <stdio.h>
#include <string.h>

#include "usb_gate.h"

#define FRAME_BYTES 252u
#define TO_DEVICE 1

/** CRC-16-CCITT of all but the crc itself. */
void jd_compute_crc(jd_frame_t *frame) {
    uint32_t crc = 0xffff;
    for (size_t i = 2; i < 12u + frame->size; i++) {
        uint32_t x = crc >> 8 ^ ((const uint8_t *)frame)[i];
        x ^= x >> 4;
        crc = (crc << 8 ^ x << 12 ^ x << 5 ^ x) & 0xffff;
    }
    frame->crc = (uint16_t)crc;
}

int main(void) {
    const struct usb_gate gate = {0xfe02030405060708u, 0xfe02030405060708u ^ 0xdb2249a7751b53f8u, 2};
    uint8_t record[1 + FRAME_BYTES];
    while (fread(record, sizeof record, 1, stdin) == 1) {
        jd_frame_t frame, out;
        memcpy(&frame, record + 1, FRAME_BYTES);
        memset(&out, 0, sizeof out);
        record[0] = record[0] == TO_DEVICE ? usb_gate_admits(&gate, &frame) : usb_gate_releases(&gate, &frame, &out);
        memcpy(record + 1, &out, FRAME_BYTES);
        fwrite(record, sizeof record, 1, stdout);
    }
    return 0;
}
