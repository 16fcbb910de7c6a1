// Which pins are buttons only the runtime knows, from its own configuration and the program's. Its button service tells: it
// makes the service, then sets up the pin, with the pull-up or pull-down that the button works against.

#include "buttons.h"

#include <stdint.h>

#include "sdkconfig.h"
#include "services/interfaces/jd_pins.h"
#if CONFIG_PM_ENABLE
#include "driver/gpio.h"
#include "esp_sleep.h"
#endif

void __real_pin_setup_input(int pin, int pull);
void __wrap_pin_setup_input(int pin, int pull);

static struct {
    uint8_t pin;
    bool is_active_high;
} buttons[MOST_BUTTONS];
static unsigned count;
static bool is_expected;

void buttons_expect(void) {
    is_expected = true;
}

bool buttons_pressed(void) {
    for (unsigned i = 0; i < count; i++)
        if ((pin_get(buttons[i].pin) != 0) == buttons[i].is_active_high)
            return true;
    return false;
}

static void watch(uint8_t pin, bool is_active_high) {
    unsigned at = 0;
    while (at < count && buttons[at].pin != pin)
        at++;
    if (at == MOST_BUTTONS)
        return;
    buttons[at].pin = pin;
    buttons[at].is_active_high = is_active_high;
    if (at == count)
        count++;
#if CONFIG_PM_ENABLE
    // Levels only wake from light sleep, not edges. This keeps the pin's pull while asleep, too.
    (void)gpio_wakeup_enable(pin, is_active_high ? GPIO_INTR_HIGH_LEVEL : GPIO_INTR_LOW_LEVEL);
    (void)esp_sleep_enable_gpio_wakeup();
#endif
}

void __wrap_pin_setup_input(int pin, int pull) {
    __real_pin_setup_input(pin, pull);
    if (!is_expected)
        return;
    is_expected = false;
    if ((uint8_t)pin != NO_PIN)
        watch((uint8_t)pin, pull == PIN_PULL_DOWN);
}
