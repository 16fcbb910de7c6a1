#include "gate_wraps.h"

#include <stdatomic.h>

#include "bytes.h"
#include "interfaces/jd_usb.h"
#include "usb_gate.h"

// USB framing (jacdac-spec, usbbridge.md).
#define MAGIC 0xfeu
#define LITERAL_MAGIC 0xf8u
#define FRAME_START 0xfcu
#define FRAME_END 0xfdu
#define PROBE_DATA_BYTES 4u
#define PROBE_FRAME_BYTES (12u + PROBE_DATA_BYTES)

/** DeviceScript's runtime has it, but only its internal header declares it: the device of the program's own services. */
uint64_t devs_jd_server_device_id(void);

srv_t *__real_jd_allocate_service(const srv_vt_t *vt);
srv_t *__wrap_jd_allocate_service(const srv_vt_t *vt);
int __real_jd_usb_send_frame(void *frame);
int __wrap_jd_usb_send_frame(void *frame);
int __real_jd_send_frame_raw(jd_frame_t *frame);
int __wrap_jd_send_frame_raw(jd_frame_t *frame);
int __wrap_jd_net_send_frame(void *frame);
bool __wrap_jd_need_to_send(jd_frame_t *frame);
int __wrap_jd_rx_frame_received(jd_frame_t *frame);

static struct usb_gate gate;
static uint8_t probe_index;
static atomic_bool is_open;
// Set in the USB driver's interrupt, read in the main task.
static atomic_bool caught_from_usb;
static atomic_bool caught_to_usb;
static atomic_bool breached;

void gate_open(void) {
    gate.device_id = jd_device_id();
    gate.program_id = devs_jd_server_device_id();
    atomic_store(&caught_from_usb, false);
    atomic_store(&caught_to_usb, false);
    atomic_store(&breached, false);
    atomic_store(&is_open, true);
}

void gate_breached(void) {
    atomic_store(&breached, true);
}

bool gate_stands(void) {
    return atomic_load(&caught_from_usb) && atomic_load(&caught_to_usb) && !atomic_load(&breached);
}

static bool is_probe(const jd_frame_t *frame) {
    return frame->flags == JD_FRAME_FLAG_COMMAND && frame->size == PROBE_DATA_BYTES &&
           frame->device_identifier == gate.device_id && frame->data[0] == 0 && frame->data[1] == probe_index &&
           get_u16(frame->data + 2) == GATE_PROBE_COMMAND;
}

static bool is_own_report(const jd_frame_t *frame) {
    return (frame->flags & JD_FRAME_FLAG_COMMAND) == 0 && frame->device_identifier == gate.device_id;
}

void gate_prove(uint8_t index) {
    if (atomic_load(&caught_from_usb) || atomic_load(&breached))
        return;
    probe_index = index;
    jd_frame_t frame = {.flags = JD_FRAME_FLAG_COMMAND, .size = PROBE_DATA_BYTES};
    frame.device_identifier = gate.device_id;
    frame.data[1] = index;
    put_u16(frame.data + 2, GATE_PROBE_COMMAND);
    jd_compute_crc(&frame);
    uint8_t line[2 * PROBE_FRAME_BYTES + 4];
    unsigned length = 0;
    line[length++] = MAGIC;
    line[length++] = FRAME_START;
    for (unsigned i = 0; i < PROBE_FRAME_BYTES; i++) {
        uint8_t byte = ((const uint8_t *)&frame)[i];
        line[length++] = byte;
        if (byte == MAGIC)
            line[length++] = LITERAL_MAGIC;
    }
    line[length++] = MAGIC;
    line[length++] = FRAME_END;
    // The driver's interrupt uses the same decoder. A frame of the computer that this cuts in two is lost and repeated.
    target_disable_irq();
    jd_usb_push(line, length);
    target_enable_irq();
}

/** Where the runtime makes its services, the program manager among them. */
srv_t *__wrap_jd_allocate_service(const srv_vt_t *vt) {
    srv_t *service = __real_jd_allocate_service(vt);
    if (vt->service_class == USB_GATE_MANAGER_CLASS)
        gate.manager_index = ((const srv_common_t *)service)->service_index;
    return service;
}

/** Where all that the device sends goes to USB. */
int __wrap_jd_usb_send_frame(void *frame) {
    if (!atomic_load(&is_open))
        return 0;
    if (is_own_report(frame))
        atomic_store(&caught_to_usb, true);
    jd_frame_t released;
    return usb_gate_releases(&gate, frame, &released) ? __real_jd_usb_send_frame(&released) : 0;
}

/** Where frames come in from USB and network; the device's own take another way. In the USB driver's interrupt. */
int __wrap_jd_send_frame_raw(jd_frame_t *frame) {
    if (!atomic_load(&is_open))
        return 0;
    if (is_probe(frame)) {
        atomic_store(&caught_from_usb, true);
        return 0;
    }
    return usb_gate_admits(&gate, frame) ? __real_jd_send_frame_raw(frame) : 0;
}

int __wrap_jd_net_send_frame(void *frame) {
    (void)frame;
    return 0;
}

bool __wrap_jd_need_to_send(jd_frame_t *frame) {
    (void)frame;
    return false;
}

int __wrap_jd_rx_frame_received(jd_frame_t *frame) {
    (void)frame;
    return 0;
}
