#pragma once

// Test double: the part of ESP-IDF's header that the component uses, by its documented signatures.

#include <stdint.h>

typedef struct {
    struct {
        uint32_t sof_frame_index : 11;
        uint32_t reserved : 21;
    } fram_num;
} usb_serial_jtag_dev_t;

extern volatile usb_serial_jtag_dev_t USB_SERIAL_JTAG;
