// The rest of the runtime: its own services, the network bridge, and the rule for the Jacdac wire.

#include <string.h>

#include "fakes.h"

/** By enum fake_index: control, role manager, program manager, debugger, settings, button. */
static const uint32_t classes[] = {0, 0x1e4b7e66, 0x1134ea2b, 0x155b5b40, 0x1107dc4a, 0x1473a263};
#define SERVICES (sizeof classes / sizeof classes[0])

struct srv_state {
    SRV_COMMON;
};

uint64_t devs_jd_server_device_id(void);
bool jd_need_to_send(jd_frame_t *frame);
int jd_net_send_frame(void *frame);

static srv_vt_t tables[SERVICES];

static void process_nothing(srv_t *state) {
    (void)state;
}

/** Settings, debugger and the rest tell all they know to whoever asks. */
static void handle_packet(srv_t *state, jd_packet_t *pkt) {
    if (state->service_index == FAKE_CONTROL || state->service_index == FAKE_MANAGER)
        jd_respond_u32(pkt, 0x01020304);
    else
        jd_send(state->service_index, pkt->service_command, FAKE_SECRET, strlen(FAKE_SECRET));
}

void fake_runtime_start(void) {
    for (size_t i = 0; i < SERVICES; i++) {
        tables[i] = (srv_vt_t){.service_class = classes[i],
                               .state_size = sizeof(srv_t),
                               .process = process_nothing,
                               .handle_pkt = handle_packet};
        jd_allocate_service(&tables[i]);
    }
}

uint64_t devs_jd_server_device_id(void) {
    return FAKE_PROGRAM_ID;
}

bool jd_need_to_send(jd_frame_t *frame) {
    (void)frame;
    return true;
}

int jd_net_send_frame(void *frame) {
    (void)frame;
    fakes.to_net++;
    return 0;
}
