"""Notices of the shared data, and what each of them says: values read off the files by eye, not by our readers."""

from pathlib import Path

import pyarrow.parquet as pq

# File → event, instrument, kind, action, purpose, trigger time, shape, ra, dec, semi-major axis, containment, revision
NOTICES = """
voevent_finkmm/fermi__voevent_number=193.xml | fermi:680782656 | gbm | GBM_Fin_Pos | initial | observation | 2022-07-29T10:17:31.510000 | circle | 316.69 | -4.1699 | 11.34 | 0.683 | -
voevent_finkmm/fermi__voevent_number=2842.xml | fermi:1659883590 | lat | LAT_Monitor | initial | observation | 2022-08-06T12:00:00 | none | 250.3549 | 39.6659 | - | - | -
voevent_finkmm/icecube__voevent_number=3028.xml | icecube:136918_45252263 | | ICECUBE_BRONZE_Event | initial | observation | 2022-08-08T07:59:57.260000 | circle | 132.3328 | -42.7168 | 0.6521 | 0.9 | 0
voevent_finkmm/icecube__voevent_number=45412.xml | icecube:137467_64735045 | | ICECUBE_GOLD_Event | initial | observation | 2022-12-23T07:43:00.520000 | circle | 350.5486 | 34.711 | 0.6596 | 0.9 | 0
voevent_finkmm/icecube__voevent_number=825.xml | icecube:136889_25590129 | | ICECUBE_Cascade_Event | initial | observation | 2022-08-01T04:08:34.260000 | circle | 150.1126 | -9.1693 | 12.8963 | 0.9 | 0
voevent_finkmm/integral__voevent_number=18790.xml | integral:10042 | | Wakeup_Pos | initial | observation | 2022-09-26T10:38:19.750000 | circle | 273.965 | -37.2473 | 0.0489 | 0.9 | 0
voevent_finkmm/integral__voevent_number=18791.xml | integral:10042 | | Refined_Pos | update | observation | 2022-09-26T10:38:25.750000 | circle | 273.9546 | -37.2428 | 0.0431 | 0.9 | 1
voevent_finkmm/integral__voevent_number=737.xml | integral:9998 | | Weak_Pos | initial | observation | 2022-07-31T19:10:41.290000 | circle | 72.92 | 4.4995 | 0.0656 | 0.9 | 0
voevent_finkmm/lvk__initial.txt | lvk:S230518h | | INITIAL | initial | observation | 2023-05-18T12:59:08.167000 | skymap | - | - | - | - | -
voevent_finkmm/lvk__test.txt | mock:lvk:MS230518e | | INITIAL | initial | mock | 2023-05-18T04:57:40.894000 | skymap | - | - | - | - | -
voevent_finkmm/swift__voevent_number=17834.xml | swift:1125106 | bat | BAT_Trans_Pos | update | observation | 2022-09-23T11:09:46.080000 | circle | 135.7205 | -40.707 | 0.05 | 0.9 | -
voevent_finkmm/swift__voevent_number=391.xml | swift:1118357 | bat | BAT_QuickLook_Pos | initial | observation | 2022-07-30T15:48:54.970000 | circle | 225.0208 | -69.4969 | 0.05 | 0.9 | -
voevent_finkmm/swift__voevent_number=392.xml | swift:1118357 | bat | BAT_GRB_Pos | initial | observation | 2022-07-30T15:48:54.890000 | circle | 225.0208 | -69.4969 | 0.05 | 0.9 | -
voevent_finkmm/swift__voevent_number=4554.xml | swift:1120270 | xrt | XRT_Pos | update | observation | 2022-08-13T19:24:34.220000 | circle | 81.5292 | -33.0162 | 0.0016 | 0.9 | -
voevent_finkmm/swift__voevent_number=8582.xml | swift:1121751 | uvot | UVOT_Pos | initial | observation | 2022-08-26T11:56:49 | circle | 206.4104 | -44.0386 | 0.0001 | 0.9 | -
skyportal/AMON.xml | icecube:136973_28816141 | | ICECUBE_BRONZE_Event | initial | observation | 2022-08-22T20:26:30.030000 | circle | 273.4834 | 22.1648 | 1.2755 | 0.9 | 0
skyportal/GW190425_initial.xml | lvk:S190425z | | Initial | initial | observation | 2019-04-25T08:18:05.017147 | none | - | - | - | - | 1
skyportal/GW190814.xml | lvk:S190814bv | | Update | update | observation | 2019-08-14T21:10:39.012957 | none | - | - | - | - | 5
skyportal/SWIFT_1125809-092.xml | swift:1125809 | bat | BAT_GRB_Pos | initial | observation | 2022-09-30T11:11:52.120000 | circle | 64.7373 | 13.3517 | 0.05 | 0.9 | -
skyportal/SWIFT_1125809-104.xml | swift:1125809 | xrt | XRT_Pos | update | observation | 2022-09-30T11:14:42.140000 | circle | 64.7149 | 13.35 | 0.0013 | 0.9 | -
skyportal/igwn_gwalert_retraction.json | mock:lvk:MS260605l | | RETRACTION | retraction | mock | - | none | - | - | - | - | -
voevent_other/voeventparse__ASASSN_2016-09-25.47_2016fvf_PTSS-16nqb_PS16ejf.xml | asassn:2016-09-25.47_2016fvf_PTSS-16nqb_PS16ejf | | 2016-09-25.47_2016fvf_PTSS-16nqb_PS16ejf | initial | observation | 2016-09-25T11:16:48 | circle | 345.0172083333333 | 17.84811111111111 | 0.0044444444444444444 | 0.9 | -
voevent_other/voeventparse__MOA_Lensing_Event_2015-07-10T14_50_54.00.xml | moa:201500354 | | Lensing_Event | initial | observation | 2015-07-10T14:50:54 | none | 268.686 | -29.7073 | - | - | -
voevent_other/voeventparse__SWIFT_bat_position_v2.0_example.xml | swift:532871 | bat | BAT_GRB_Pos | initial | observation | 2012-09-07T00:24:23.080000 | circle | 74.7412 | -9.3137 | 0.05 | 0.9 | -
voevent_other/voeventparse__SWIFT_xrt_position_v1.1_example.xml | swift:644259 | xrt | XRT_Pos | update | observation | 2015-06-16T23:05:40 | circle | 314.7162 | -53.393 | 0.0009 | 0.9 | -
gcn_schema_json/burstcube__alert.example.json | burstcube:240601000 | | alert | initial | observation | 2024-06-01T00:00:00 | circle | 232 | -53.1 | 10 | 0.9 | 1
gcn_schema_json/burstcube__test.example.json | test:burstcube:240601000 | | test | initial | test | 2024-06-01T00:00:00 | circle | 232 | -53.1 | 10 | 0.9 | 1
gcn_schema_json/chime__frb.detection.example.json | chime:427325191 | | frb | initial | observation | 2024-09-18T07:19:10.765268 | ellipse | 346.77850859547 | 12.632485229956252 | 0.598921231135782 | 0.9 | -
gcn_schema_json/chime__frb.subsequent.example.json | chime:427325192 | | frb | initial | observation | 2024-09-18T07:19:10.765268 | ellipse | 346.77850859547 | 12.632485229956252 | 0.598921231135782 | 0.9 | -
gcn_schema_json/chime__frb.update.example.json | chime:427325191 | | frb | update | observation | 2024-09-18T07:19:10.765268 | none | - | - | - | - | -
gcn_schema_json/dsa110__frb.detection.example.json | dsa110:240918aaaa | | frb | initial | observation | 2024-09-18T07:19:10.765268 | ellipse | 346.77850859547 | 12.632485229956252 | 0.02 | 0.9 | -
gcn_schema_json/dsa110__frb.retraction.example.json | dsa110:240918aaaa | | frb | retraction | observation | 2024-09-18T07:19:10.765268 | none | - | - | - | - | -
gcn_schema_json/dsa110__frb.update.example.json | dsa110:240918aaaa | | frb | update | observation | 2024-09-18T07:19:10.765268 | none | - | - | - | - | -
gcn_schema_json/fermi__gbm__trigger.alert.example.json | fermi:745121685 | gbm | INITIAL_ALERT | initial | observation | 2024-08-24T02:14:40.430000 | none | - | - | - | - | 1
gcn_schema_json/fermi__gbm__trigger.flight3.example.json | fermi:745121685 | gbm | FLIGHT_POSITION | update | observation | 2024-08-24T02:14:40.430000 | circle | 235.883 | 68.683 | 7.15 | 0.68 | 4
gcn_schema_json/fermi__gbm__trigger.ground2.example.json | fermi:745121685 | gbm | GROUND_POSITION | update | observation | 2024-08-24T02:14:40.430000 | circle | 90.56 | -67.87 | 1.08 | 0.68 | 6
gcn_schema_json/icecube__lvk_nu_track_search.example.json | icecube:S230914ak | | lvk_nu_track_search | initial | observation | 2023-09-14T11:14:01 | none | - | - | - | - | -
gcn_schema_json/km3net__alert.example.json | km3net:1 | orca024 | alert | initial | observation | 2024-09-01T01:16:47 | circle | 10.82 | 20.01 | 0.9 | 0.9 | 1
gcn_schema_json/km3net__alert.multiplet.example.json | km3net:2 | arca021 | alert | initial | observation | 2025-01-01T01:16:47 | circle | 13.81 | 18.85 | 0.41 | 0.9 | 1
gcn_schema_json/maxi__gsc.known.example.json | maxi:0858800020 | gsc | gsc.known | initial | observation | 2025-07-02T14:35:59 | none | 285.6 | -9.2 | - | - | 1
gcn_schema_json/maxi__gsc.known.retraction.example.json | maxi:0858800020 | gsc | gsc.known | retraction | observation | 2025-07-02T14:35:59 | none | - | - | - | - | 2
gcn_schema_json/maxi__gsc.unknown.ellipse.example.json | maxi:9995289617 | gsc | gsc.unknown | update | observation | 2023-02-20T08:56:01 | ellipse | 346.56 | 18.61 | 0.22 | 0.9 | 1
gcn_schema_json/maxi__gsc.unknown.rectangle.example.json | maxi:9995289617 | gsc | gsc.unknown | update | observation | 2023-02-20T08:56:01 | polygon | 346.56 | 18.61 | - | 0.9 | 1
gcn_schema_json/superk__sn_alert.real.example.json | superk:SN.095001.000001 | | sn_alert | initial | observation | 2023-08-01T00:00:01 | circle | 270.82 | 31.46 | 0.91 | 0.68 | 1
gcn_schema_json/superk__sn_alert.test.example.json | test:superk:SN.095001.000001 | | sn_alert | initial | test | 2023-08-01T00:00:01 | circle | 270.82 | 31.46 | 0.91 | 0.68 | 1
gcn_schema_json/svom__eclairs__trigger.catalog.example.json | test:svom:sb24022203 | eclairs | trigger | initial | test | 2024-02-22T08:51:31.320000 | circle | 143.2478 | -68.0289 | 0.1 | 0.9 | -
gcn_schema_json/svom__eclairs__trigger.not-slewing.example.json | test:svom:sb24022203 | eclairs | trigger | update | test | 2024-02-22T08:51:31.320000 | circle | 143.2478 | -68.0289 | 0.1 | 0.9 | -
gcn_schema_json/svom__eclairs__trigger.wakeup.example.json | test:svom:sb24022203 | eclairs | trigger | initial | test | 2024-02-22T08:51:31.320000 | circle | 143.2478 | -68.0289 | 0.1 | 0.9 | -
gcn_schema_json/svom__grm__trigger.example.json | test:svom:sb24022203 | grm | trigger | initial | test | 2024-02-22T08:51:31.320000 | circle | 143.2478 | -68.0289 | 0.1 | 0.9 | -
gcn_schema_json/swift__bat__Guano.Retraction.example.json | swift:694215995 | bat | bat/Guano | retraction | observation | 2022-12-31T21:46:05.130000 | none | - | - | - | - | 4
gcn_schema_json/swift__bat__guano.loc_arc_min.example.json | swift:694215995 | bat | bat/Guano | update | observation | 2022-12-31T21:46:05.130000 | circle | 336.26 | 25.139 | 0.5 | 0.9 | 3
gcn_schema_json/swift__bat__guano.loc_map.example.json | swift:694215995 | bat | bat/Guano | update | observation | 2022-12-31T21:46:05.130000 | none | - | - | - | - | 2
fink_broker_parquet/b97950_719313583.parquet | fermi:719313583 | gbm | GBM_Flt_Pos | update | observation | 2023-10-18T02:44:55.120000 | circle | 285.7983 | 55.6773 | 29.8 | 0.683 | -
fink_broker_parquet/220895_fake_gw_gcn.parquet | lvk:S240116o | | PRELIMINARY | initial | observation | 2023-10-18T02:28:51 | skymap | - | - | - | - | -
"""  # noqa: E501 - a table
# No event, with a part of the reason that is told
NO_EVENT = {
    "gcn_schema_json/boom__alert.example.json": "boom/alert without a trigger time",
    "gcn_schema_json/heasarc__archive_alert.example.json": "heasarc/archive_alert without a trigger time",
    "gcn_schema_json/core__Pointing.example.json": "core/Pointing, a part of notices",
    "gcn_schema_json/core__Spectral.example.json": "core/Spectral, a part of notices",
    "gcn_schema_json/core__Statistics.example.json": "core/Statistics, a part of notices",
}
UNREADABLE = {
    "skyportal/alert.json": "JSON that is neither",
    "skyportal/bayestar.fits.gz": "a FITS or gzip file",
    "skyportal/LALInference.v1.fits.gz": "a FITS or gzip file",
    "skyportal/GRB220617A_IPN_map_hpx.fits.gz": "a FITS or gzip file",
}
COLUMNS = (
    *("event_id", "instrument", "kind", "action", "purpose", "trigger"),
    *("shape", "ra", "dec", "major", "containment", "revision"),
)


def expected() -> dict[str, dict[str, str]]:
    """Return what each notice says, by its file."""
    rows = [[one.strip() for one in line.split("|")] for line in NOTICES.strip().splitlines()]
    return {row[0]: dict(zip(COLUMNS, row[1:], strict=True)) for row in rows}


def content_of(path: Path) -> bytes:
    """Return the notice in a file; Fink's tables hold it in a column."""
    if path.suffix == ".parquet":
        return str(pq.read_table(path, columns=["raw_event"])["raw_event"][0].as_py()).encode()
    return path.read_bytes()
