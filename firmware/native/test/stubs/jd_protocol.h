#pragma once

// Test double: the part of jacdac-c's interface that the component uses. fake_jacdac.c and fake_usb.c play the runtime.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JD_SERIAL_PAYLOAD_SIZE 236

#define JD_FRAME_FLAG_COMMAND 0x01
#define JD_FRAME_FLAG_ACK_REQUESTED 0x02
#define JD_FRAME_FLAG_BROADCAST 0x04
#define JD_FRAME_FLAG_LOOPBACK 0x40

#define JD_SERVICE_INDEX_CONTROL 0x00
#define JD_SERVICE_INDEX_STREAM 0x3e
#define JD_SERVICE_INDEX_CRC_ACK 0x3f

#define JD_DEVICE_IDENTIFIER_BROADCAST_MARK 0xAAAAAAAA00000000

/** A packet at the beginning of its frame. */
typedef struct {
    uint16_t crc;
    uint8_t _size;
    uint8_t flags;
    uint64_t device_identifier;
    uint8_t service_size;
    uint8_t service_index;
    uint16_t service_command;
    uint8_t data[];
} __attribute__((__packed__, aligned(4))) jd_packet_t;

typedef struct {
    uint16_t crc;
    /** Bytes of `data` in use. */
    uint8_t size;
    uint8_t flags;
    uint64_t device_identifier;
    uint8_t data[JD_SERIAL_PAYLOAD_SIZE + 4];
} __attribute__((__packed__, aligned(4))) jd_frame_t;

typedef struct srv_state srv_t;

typedef struct {
    uint32_t service_class;
    uint16_t state_size;
    void (*process)(srv_t *state);
    void (*handle_pkt)(srv_t *state, jd_packet_t *pkt);
} srv_vt_t;

#define SRV_COMMON                                                                                                     \
    const srv_vt_t *vt;                                                                                                \
    uint8_t service_index;                                                                                             \
    uint8_t srv_flags

typedef struct {
    SRV_COMMON;
} srv_common_t;

#define SRV_DEF(id, service_class_id)                                                                                  \
    static const srv_vt_t id##_vt = {                                                                                  \
        .service_class = service_class_id,                                                                             \
        .state_size = sizeof(srv_t),                                                                                   \
        .process = id##_process,                                                                                       \
        .handle_pkt = id##_handle_packet,                                                                              \
    }

#define SRV_ALLOC(id)                                                                                                  \
    srv_t *state = jd_allocate_service(&id##_vt);                                                                      \
    (void)state

uint64_t jd_device_id(void);
void jd_compute_crc(jd_frame_t *frame);
srv_t *jd_allocate_service(const srv_vt_t *vt);
int jd_send(unsigned service_num, unsigned service_cmd, const void *data, unsigned service_size);
int jd_respond_u32(jd_packet_t *pkt, uint32_t value);
int jd_send_not_implemented(jd_packet_t *pkt);
/** Whether a frame waits to be handled. */
bool jd_rx_has_frame(void);
void target_disable_irq(void);
void target_enable_irq(void);
