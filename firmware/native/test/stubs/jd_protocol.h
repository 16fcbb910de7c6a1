#pragma once

// Test double: the part of jacdac-c's interface that the component uses. fake_jacdac.c plays the bus.

#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint8_t service_size;
    uint8_t service_index;
    uint16_t service_command;
    uint8_t data[236];
} jd_packet_t;

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

srv_t *jd_allocate_service(const srv_vt_t *vt);
int jd_send(unsigned service_num, unsigned service_cmd, const void *data, unsigned service_size);
int jd_respond_u32(jd_packet_t *pkt, uint32_t value);
void jd_send_not_implemented(jd_packet_t *pkt);
