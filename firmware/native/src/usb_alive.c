// A computer sends a start of frame each millisecond as long as the bus is awake; the chip counts them. A charger sends none.

#include "usb_alive.h"

#include "sdkconfig.h"

#if CONFIG_IDF_TARGET_ESP32C3
#include "soc/usb_serial_jtag_struct.h"
#elif CONFIG_IDF_TARGET_ESP32S2 || CONFIG_IDF_TARGET_ESP32S3
#include "soc/soc.h"
// Device Status Register of Synopsys's USB OTG core, field SOFFN, bits 8 to 21.
#define OTG_DSTS (DR_REG_USB_BASE + 0x808)
#define OTG_SOFFN_SHIFT 8
#define OTG_SOFFN_MASK 0x3fff
#endif

#define ALIVE_MS 3000u

static uint32_t last_frame;
static uint32_t seen_at_ms;
static bool has_seen;
static bool has_sampled;

void usb_alive_start(void) {
    has_seen = has_sampled = false;
}

static uint32_t frame_number(void) {
#if CONFIG_IDF_TARGET_ESP32C3
    return USB_SERIAL_JTAG.fram_num.sof_frame_index;
#elif CONFIG_IDF_TARGET_ESP32S2 || CONFIG_IDF_TARGET_ESP32S3
    return REG_READ(OTG_DSTS) >> OTG_SOFFN_SHIFT & OTG_SOFFN_MASK;
#else
    // An ESP32 has a UART behind a bridge chip.
    return 0;
#endif
}

bool usb_alive(uint32_t now_ms) {
    uint32_t frame = frame_number();
    if (has_sampled && frame != last_frame) {
        has_seen = true;
        seen_at_ms = now_ms;
    }
    has_sampled = true;
    last_frame = frame;
    if (has_seen && now_ms - seen_at_ms >= ALIVE_MS)
        has_seen = false;
    return has_seen;
}
