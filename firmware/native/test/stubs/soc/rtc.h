#pragma once

// Test double: the part of ESP-IDF's header that the component uses, by its documented signatures.

#include <stdint.h>

typedef enum { RTC_CAL_RTC_MUX = 0, RTC_CAL_8MD256 = 1, RTC_CAL_32K_XTAL = 2 } rtc_cal_sel_t;
typedef enum { SOC_RTC_SLOW_CLK_SRC_RC_SLOW = 0, SOC_RTC_SLOW_CLK_SRC_XTAL32K = 1 } soc_rtc_slow_clk_src_t;

soc_rtc_slow_clk_src_t rtc_clk_slow_src_get(void);
uint32_t rtc_clk_cal(rtc_cal_sel_t cal_clk, uint32_t slow_clk_cycles);
