# ruff: noqa: E501  (one line of a table is one entry)
"""The main world of the synthetic shop: the words of sixteen departments, as tables (read by `vocabulary.parse_world`).

Nothing here is code. The notation:

- UNITS       `name [range]: title wordings; further query wordings`, `{}` is the number; `range` allows "under 50
              inch"; `= factor unit` adds an exact conversion ("3 ft" is "36 inch").
- ATTRIBUTES  `name [flags]: value | value | ...`, a value being `title wordings; further query wordings; "lacks" wordings`.
              A feature (name with a +) is one value that a product has, and states, or has not, and doesn't mention; its
              third list asks for products without it. Flag `not` allows "not leather".
- COLOURS     `palette: family: shade, title wordings; query wordings | ...`
- TYPES       `title nouns; query-only nouns | attributes | substitutes | complements`, under `[department]`.
- BROADER     `what shoppers say: the types it covers`.
- BRANDS      `department: premium brands | ordinary brands | budget brands`.
"""

from retrieval.shop.vocabulary import Tables

UNITS = """
inch range: {} inch, {}", {}-inch, {} in; {} inches, {}in, {} inch
ft range: {} ft, {}-foot, {} feet; {} foot, {}ft, {} feet = 12 inch
oz range: {} oz, {} ounce, {}oz; {} ounces, {}-ounce, {} oz
lb range: {} lb, {} pound, {} lbs; {} pounds, {}lb = 16 oz
qt range: {} quart, {} qt, {}-qt; {} quarts, {}qt
gal range: {} gallon, {} gal, {}-gal; {} gallons = 4 qt
watt range: {} watt, {}W, {}-watt; {} watts, {}w
volt: {}V, {} volt, {}-volt; {}v, {} volts
gb range: {} GB, {}GB; {} gb, {} gig
tb range: {} TB, {}TB; {} tb, {} terabyte = 1000 GB
mah range: {} mAh, {}mAh; {} mah
pack: pack of {}, {} pack, {}-pack, {} count; {} ct, {} pk, {} pcs
set: set of {}, {} piece set, {}-pc set; {} pieces, {} pc
seats: {} seater, {}-seat, seats {}; {} seat, seating for {}
person range: {} person, {}-person, sleeps {}; {} people, for {} people
shoe: size {}, US {}, sz {}; size {}, us size {}
cup range: {} cup, {}-cup; {} cups
slice: {} slice, {}-slice; {} slices
drawer: {} drawer, {}-drawer; with {} drawers
tier: {} tier, {}-tier; {} shelf, {} shelves
tc range: {} thread count, {} TC; {} thread, {}tc
speed: {} speed, {}-speed; {} speeds
piece range: {} piece, {}-piece, {} pcs; {} pieces, {} pc
spf: SPF {}, SPF{}; spf {}, sun protection {}
port: {} port, {}-port; {} ports, with {} ports
page range: {} page, {} sheets, {} pages; {} sheet
light: {} light, {}-light; {} lights, {} bulb
mm range: {} mm, {}mm; {} millimeter
burner: {} burner, {}-burner; {} burners
"""

ATTRIBUTES = """
fabric not: linen; linen fabric | velvet, plush velvet; velour | leather, genuine leather, full grain leather; real leather | faux leather, vegan leather, PU leather; fake leather, pleather | boucle; nubby boucle | corduroy; cord
timber not: oak, solid oak; oak wood | pine, solid pine; pine wood | walnut, solid walnut; walnut wood | acacia; acacia wood | bamboo; bamboo wood | MDF, engineered wood; particle board
style: mid century modern, MCM; retro 60s, midcentury | farmhouse, rustic; country style | industrial, loft style; factory style | scandinavian, nordic; scandi | traditional, classic; old fashioned | boho, bohemian; hippie
armrest: with arms, armrests; arm rests, having arms | armless, without arms; no arms, no armrests
glass or metal not: glass, tempered glass; made of glass | metal, steel; iron | ceramic, stoneware; porcelain | rattan, wicker; woven
power: corded, plug in, mains powered; with a cord, wired | cordless, battery operated, rechargeable; no cord, without cord
dimming: dimmable, variable brightness; dims | non-dimmable, fixed brightness; not dimmable, no dimmer
bed: twin, twin size; single | full, full size; double | queen, queen size; queen bed | king, king size; king bed | california king, cal king; calking
bedding not: cotton, 100% cotton; pure cotton | microfiber, brushed microfiber; micro fibre | bamboo viscose, bamboo rayon; bamboo | silk, mulberry silk; real silk | flannel, brushed flannel; flannelette | linen, french linen; flax linen
fill not: goose down, down filled; real down | down alternative, synthetic fill; no down, without down | memory foam, viscoelastic foam; memoryfoam | latex, natural latex; latex foam | buckwheat, buckwheat hull; buckwheat husk
firmness: firm, extra support; hard | medium firm, balanced feel; not too soft | soft, plush; cushy
pattern not: solid, plain; one color | striped, stripe; stripes | floral, flower print; flowery | plaid, checkered, tartan; checked | geometric; geo pattern | polka dot, dotted; polkadots
rug size: 3x5, 3 x 5 ft, 3' x 5'; 3 by 5 | 4x6, 4 x 6 ft, 4' x 6'; 4 by 6 | 5x8, 5 x 8 ft, 5' x 8'; 5 by 8 | 6x9, 6 x 9 ft, 6' x 9'; 6 by 9 | 8x10, 8 x 10 ft, 8' x 10'; 8 by 10 | 9x12, 9 x 12 ft, 9' x 12'; 9 by 12
scent not: lavender; lavander scented | vanilla, vanilla bean; vanila | eucalyptus, eucalyptus mint; spa scent | citrus, lemon orange; orange | sandalwood, woody; wood scent | unscented, fragrance free, scent free; no scent, not scented, without perfume
lid: with lid, lidded, lid included; has a lid, covered | without lid, lidless, open top; no lid, lid not needed
handle: with handle, handled; has handle, handles | handleless, no handle; without handle, no handles
cookware not: stainless steel, 18/10 steel; stainless | cast iron, seasoned iron; castiron | non-stick, PTFE coated; teflon, nonstick | ceramic, ceramic coated; pfas free, teflon free | copper, hammered copper; cooper | carbon steel; blue steel
drinkware not: stainless steel, steel; metal | glass, borosilicate glass; made of glass | plastic, tritan; bpa free plastic | ceramic, stoneware; porcelain
board not: wood, acacia wood, maple; wooden | plastic, polypropylene; hdpe | bamboo; bamboo wood | glass, tempered glass; made of glass
dishwasher: dishwasher safe; machine washable, goes in dishwasher | hand wash only; not dishwasher safe, no dishwasher
timer: with timer, programmable, auto shutoff; has a timer | manual, without timer; no timer, not programmable
control: touchscreen, digital; touch control | knob, dial, mechanical; not digital, no touchscreen
bag type: bagless, dustbin; no bags, without bag | bagged, with bags; uses bags
resolution: 4K, UHD, 2160p; ultra hd | 1080p, full HD, FHD; 1080 | 720p, HD ready; 720 | 8K, 4320p; 8k uhd
link: wireless, bluetooth; no wires, without cable, cordless | wired, with cable, USB corded; not wireless, no bluetooth
noise: noise cancelling, ANC; blocks noise | open back, ambient; not noise cancelling, no anc
ear: over ear, circumaural; around ear | on ear, supra-aural; onear | in ear, earbud style; in-ear
plug: USB-C, type C; usb c, usbc | lightning; lighting | micro USB; micro-usb | HDMI; hdmi | displayport, DP; display port
panel: OLED; oled | QLED, quantum dot; q led | LED, LED backlit; led lcd
case material not: silicone, liquid silicone; rubber | leather, genuine leather; real leather | clear TPU, transparent; see through | hard plastic, polycarbonate; hard shell | wood, wooden; bamboo wood
device: for 13 inch laptop, 13.3"; 13 in | for 14 inch laptop, 14"; 14 in | for 15 inch laptop, 15.6"; 15 in | for 16 inch laptop, 16"; 16 in
keys: mechanical, blue switch; clicky | membrane, rubber dome, silent; not mechanical, quiet keys
layout: full size, with numpad; numeric keypad | tenkeyless, TKL, compact; no numpad, without number pad
audience: women's, womens, ladies; for women, womans | men's, mens, for men; for him, male | kids, boys and girls, youth; children, for kids | toddler, little kids; for 2 year old, toddlers
adult: women's, womens, ladies; for women, female | men's, mens, for men; for him, male
size: XS, extra small; x-small | S, small; size small | M, medium; size medium | L, large; size large | XL, extra large; x-large | XXL, 2XL; xx-large, double xl
sleeve: long sleeve, full sleeve; long sleeves, longsleeve | short sleeve, half sleeve; short sleeves | sleeveless, tank cut; no sleeves, without sleeves
cloth not: cotton, 100% cotton; pure cotton | wool, merino wool; merino | polyester, moisture wicking polyester; poly | linen, pure linen; flax | cashmere; kashmir | denim, jean fabric; jeans material | fleece, polar fleece; polarfleece
neck: crew neck, round neck; crewneck | v neck, v-cut; vneck | turtleneck, roll neck; polo neck
rise: high waisted, high rise; highwaist | low rise, hip hugger; not high waisted | mid rise, regular waist; normal waist
hood: hooded, with hood; has a hood | hoodless, collared; no hood, without hood
closure: zip up, full zip; zipper | pullover, over the head; no zip, without zipper | button up, button front; buttons
sole: non slip, slip resistant; anti-slip, no slip | smooth sole, leather sole; not rubber
underside: non slip, rubber backed; anti-slip | smooth backed, plain backing; not anti slip
heel: high heel, 4 inch heel; stiletto, tall heel | block heel, chunky heel; thick heel | flat, heelless; no heel, without heel
lacing: lace up, laced; with laces | slip on, laceless; no laces, without laces | hook and loop, strap closure; velcro
upper not: leather, full grain leather; real leather | suede, suede leather; swede | mesh, knit mesh; breathable fabric | canvas, cotton canvas; cloth | synthetic, vegan leather; fake leather, animal free
width: wide, EE width; wide feet, extra width | narrow, slim width; narrow feet | regular width, D width; not wide
strap not: leather, genuine leather; real leather | silicone, rubber; sport band | stainless steel, steel link; metal | nylon, woven nylon; fabric
lens: polarized, polarised; anti glare | mirrored, mirror lens; reflective | photochromic, transition lens; transitions | clear, non-tinted; no tint
bag material not: leather, genuine leather; real leather | canvas, waxed canvas; cotton | nylon, ripstop nylon; water resistant fabric | faux leather, vegan leather; fake leather
wheels: with wheels, rolling, spinner; on wheels | without wheels, soft carry; no wheels
side: hardside, hardshell; hard case | softside, soft shell; not hardside
season: 3 season, three season; summer | 4 season, four season, winter; all season
mat not: natural rubber, rubber; tree rubber | PVC, vinyl; plastic | cork, natural cork; corck | TPE, eco foam; tpe foam
grip: rubber coated, rubber; vinyl free | cast iron, bare iron; castiron | neoprene, neoprene coated; soft dipped | chrome, chrome plated; shiny metal
insulation: insulated, double wall, vacuum; keeps cold | single wall, non-insulated; not insulated, no insulation
straw: with straw, straw lid; has straw | chug cap, strawless; no straw, without straw
skill: beginner, starter; for beginners, first | intermediate, improver; medium level | professional, pro, tournament; for experts
fuel: propane, LP gas; gas | charcoal, coal; briquette | electric, plug in; no gas, without gas | wood pellet, pellet; pellets
motor: electric, corded electric; plug in | gas powered, petrol, 4 stroke; fuel | battery, cordless; no gas, no cord
pot not: terracotta, clay; unglazed | plastic, resin; light weight | ceramic, glazed ceramic; porcelain | metal, galvanized steel; zinc | concrete, cement; stone
drainage: with drainage holes, drain hole; has holes | no drainage, sealed bottom; without holes, no holes
sun: full sun; sunny spot | partial shade, part sun; half shade | full shade, low light; no sun, shady
pet size: for small dogs, small breed; little dog, chihuahua size | for medium dogs, medium breed; mid size dog | for large dogs, large breed; big dog | for giant dogs, XL breed; huge dog, great dane
life: puppy; for puppies | adult dog; for grown dogs | senior dog, 7+ years; old dog, for older dogs
cat life: kitten; for kittens, baby cat | adult cat; for grown cats | senior cat, 7+ years; old cat, for older cats
protein not: chicken, real chicken; poultry | beef, angus beef; cow | salmon, wild salmon; fish | lamb, pasture lamb; sheep | turkey; turky | venison, deer; game meat
grain: grain free, no grain; without grain, no wheat | with whole grains, brown rice recipe; with grain, not grain free
litter: clumping, scoopable; clumps | non-clumping; does not clump, no clump
litter stuff not: clay, bentonite; bentonit | pine, wood pellet; wooden | silica crystal, silica gel; crystals | tofu, soy; plant based
toy material not: rubber, natural rubber; chew rubber | rope, cotton rope; knotted | plush, stuffed; soft | nylon; hard chew
squeak: squeaky, with squeaker; makes noise | silent, squeakerless; no squeaker, without squeaker
age: 0-3 months, newborn; new born | 3-6 months; 3 to 6 month | 6-12 months; 6 to 12 month, under one year | 12-24 months; one year old, 1 year old
play age: ages 1-3; for 2 year old | ages 3-5; for 4 year old, preschool | ages 6-8; for 7 year old | ages 9-12; for 10 year old, tween
diaper: size 1, 8-14 lb baby; newborn size | size 2, 12-18 lb baby; size two | size 3, 16-28 lb baby; size three | size 4, 22-37 lb baby; size four | size 5, 27+ lb baby; size five
nipple: slow flow; level 1 | medium flow; level 2 | fast flow; level 3
play material not: wooden, solid wood; wood | plastic, ABS plastic; hard plastic | plush, stuffed; soft | cardboard, paper; card | metal, die cast; diecast
battery need: battery powered, needs batteries; with batteries | battery free, no batteries needed; without batteries
skin: for oily skin, oil control; greasy skin | for dry skin, hydrating; dehydrated skin | for sensitive skin, gentle; easily irritated skin | for acne prone skin, anti blemish; pimples | for mature skin, anti aging; wrinkles, old skin
hair: for curly hair, curl defining; curls | for fine hair, volumizing; thin hair | for dry hair, moisturizing; damaged hair | for colored hair, color safe; dyed hair | for oily hair, clarifying; greasy hair
sulfate: sulfate free, SLS free; no sulfates, without sulfate | with sulfates, deep cleansing lather; not sulfate free
alcohol: alcohol free, zero alcohol; no alcohol, without alcohol | with alcohol, 70% alcohol; alcohol based
finish: matte, shine free; not shiny, no shine | glossy, high shine; shiny | satin, semi matte; silk finish
form: cream, creme; creamy | gel, jelly; water gel | oil, oil based; oily | stick, solid stick; bar | spray, mist; spritz | powder, loose powder; dry
tint: fair; very light skin | light beige, light; pale | medium, warm beige; olive skin | tan, honey; tanned skin | deep, espresso; dark skin
pill: gummies, gummy; chewable | capsules, caps; pills | powder, drink mix; scoop | tablets, tabs; tablet
vitamin: vitamin C; ascorbic acid | vitamin D3; vitamin d, sunshine vitamin | magnesium; mg supplement | multivitamin; multi vitamin | omega 3, fish oil; epa dha | iron; iron supplement
bristle: soft bristle, extra soft; gentle | medium bristle; normal bristle | firm bristle; hard bristle, not soft
mint: spearmint; spear mint | peppermint, cool mint; strong mint | cinnamon; no mint, without mint | bubble gum; kids flavor
sugar: sugar free, zero sugar, unsweetened; no sugar, without sugar, no added sugar | sweetened, with cane sugar; with sugar, not sugar free
caffeine: decaf, caffeine free; no caffeine, without caffeine | caffeinated, regular caffeine; with caffeine, not decaf
roast: light roast, blonde; mild roast | medium roast, house blend; normal roast | dark roast, french roast, espresso roast; strong
grind: whole bean; not ground, unground beans | ground, drip grind; already ground | instant, freeze dried; soluble
salt: unsalted, no salt added; without salt, no salt | salted, sea salt; with salt, not unsalted
nut not: almond; almonds | peanut; peanuts | cashew; cashews | walnut; walnuts | pistachio; pistachios | hazelnut; filbert
gluten: gluten free, wheat free; no gluten, without gluten | wheat, durum wheat; with gluten, not gluten free
cocoa: dark chocolate, 70% cocoa; bitter | milk chocolate; milky | white chocolate; no cocoa
tea: green tea, sencha; green | black tea, english breakfast; black | herbal, chamomile; herb | oolong, wulong; oolongs
chip flavor not: barbecue, BBQ; smoky | sour cream and onion; cream onion | sea salt; plain salted | jalapeno, spicy; hot | cheddar, cheese; cheesy
dairy: dairy free, plant based, vegan; no dairy, no milk | with milk, whey; dairy, not vegan
pulp: pulp free, no pulp; without pulp, smooth | with pulp, high pulp; pulpy
fruit not: orange; oranges | apple; apples | mango; mangos | grape; grapes | cranberry; cranberries
ruling: ruled, lined; with lines | blank, plain paper; no lines, unlined | dotted, dot grid; bullet journal | graph, squared grid; quad
cover: hardcover, hard cover; hard bound | softcover, flexible cover; not hardcover | spiral, wire bound; with coil
ink tip: fine point, 0.5 mm; thin | medium point, 0.7 mm; normal tip | bold, 1.0 mm; thick
ink kind: gel, gel ink; gel pen | ballpoint, ball; biro | rollerball, liquid ink; roller | permanent, waterproof ink; does not wash off | washable, water based; comes off, not permanent
paper: letter size, 8.5 x 11; us letter | A4, 210 x 297; a4 size | legal size, 8.5 x 14; legal
locking: with lock, locking, keyed; lockable | lockless, open access; no lock, without lock
mount: wall mounted, wall mount; hangs on wall | freestanding, floor standing; stands, not wall mounted | over the door, door hanging; door hook
weave: blackout, room darkening; dark, no light | sheer, light filtering; see through, not blackout
print tech: laser, mono laser; toner | inkjet, color inkjet; ink | thermal, inkless thermal; no ink, without ink
ink color not: black; blk | cyan; light blue ink | magenta; pinkish | yellow; yelow | tri-color, color; all colors
bulb base: E26, medium base; standard socket | E12, candelabra; small socket | GU10, bi pin; gu 10
warmth: warm white, 2700K; yellow light | daylight, 5000K; bright white | color changing, RGB; rainbow
blade: straight edge, plain edge; not serrated | serrated, saw edge; toothed
acetone: acetone free, non-acetone; no acetone, without acetone | pure acetone, 100% acetone; with acetone
age from: from birth, newborn ready; new born | from 6 months, 6+ months; half year | from 3 years, 3+ years; three year old
alcohol choc: liqueur filled, with rum; with alcohol | alcohol free, no liqueur; without alcohol
aluminum: aluminum free, no aluminum; without aluminum, aluminium free | with aluminum, aluminum based; not aluminum free
animal not: bear, teddy; teddy bear | bunny, rabbit; rabbits | dinosaur, dino; t rex | unicorn; unicorns | elephant; elephants | shark; sharks
auto: self cleaning, automatic; cleans itself | manual scoop, sifting; not automatic
back kind: high back, with backrest; has back | backless, no back; without backrest
bagging: with grass bag, bagging; collects grass | mulching, bagless; no bag, without bag
ball size: size 3; kids size | size 4; youth size | size 5; adult size
bib material not: silicone, soft silicone; rubber | cotton, muslin cotton; cloth | plastic, EVA; peva
bit metal not: titanium coated, titanium; ti | cobalt, M35 cobalt; cobalt steel | black oxide, HSS; high speed steel | carbide tipped, masonry; for concrete
blade count: 2 blade, twin blade; two blades | 3 blade, triple blade; three blades | 5 blade, five blade; 5 blades
brush hair: synthetic bristles, vegan hair; no animal hair | natural hair, goat hair; real hair
brushless: brushless, brushless motor; no brushes | brushed, carbon brush; not brushless
calc kind: scientific, 240 functions; sin cos | basic, 12 digit; simple | printing, with paper roll; prints | graphing, graphic; draws graphs
creamer flavor not: vanilla, french vanilla; vanila | hazelnut; hazel nut | caramel, salted caramel; carmel | original, unflavored; no flavor, plain
crib kind: convertible, 4 in 1; converts | mini, portable; small space | standard, full size; classic
cup slots: with cup holders, two cup pockets; holds drinks | no cup holder, flat tray; without cup holder
cut: cross cut, confetti cut; crosscut | strip cut, straight cut; strips | micro cut, high security; p4
doll hair: with brushable hair, long hair; has hair | bald, molded hair; no hair, without hair
doors: single door, one door; 1 door | double door, two door; 2 doors
drive: electric, motorized; power lift | manual, hand crank; not electric, no motor
eraser: with eraser, eraser topped; has rubber | no eraser, eraser free; without eraser
fabric strip: fabric, flexible fabric; cloth | plastic, sheer plastic; see through | hydrogel, blister cushion; gel
facing: rear facing; backwards | forward facing; front facing
floor kind: for carpet, studded; low pile carpet | for hardwood, smooth back; hard floor
floss kind: waxed; with wax | unwaxed, wax free; no wax, without wax | floss picks, flossers; with handle
flour kind: wheat, bread; bread flour | almond, blanched almond; ground almonds | oat; oats | rice; ground rice
fluoride: fluoride free, no fluoride; without fluoride | with fluoride, fluoride; anticavity
girl boy: for girls, girls; little girl | for boys, boys; little boy
grain kind: oat, whole oat; oats | corn, maize; corns | bran, wheat bran; fiber | rice, crispy rice; puffed rice
grind oat: steel cut, pinhead; coarse | old fashioned, whole flake; thick | quick cook, one minute; fast | overnight, instant; no cook
heat: mild, gentle heat; not spicy, no heat | medium hot, medium heat; bit spicy | hot, extra spicy; very spicy
honey kind not: clover; clover blossom | manuka, UMF 10; new zealand | wildflower, wild blossom; wild flower | acacia; acacia blossom
hose kind: expandable, expanding; stretches | rubber, heavy rubber; not expandable | coiled, recoil; spiral
insulated tool: insulated, 1000V safe; electrician | bare shank, uninsulated; not insulated
ionic: ionic, negative ion; anti frizz | non-ionic, standard heat; no ions
iron plate not: ceramic, ceramic coated; porcelain | titanium, nano titanium; ti plates | tourmaline, ionic tourmaline; turmaline
jam fruit not: strawberry; strawberries | apricot; apricots | raspberry; raspberries | blueberry; blueberries | fig, black fig; figs
jerky meat not: beef, grass fed beef; cow | turkey; turky | venison, deer; game | pork, bacon; pig
kid adult: kids, children's; for kids | adult, adults; for grown ups
lash: lengthening, long lash; longer lashes | volumizing, thick lash; fuller lashes | curling, lash curl; curled lashes
lead: HB, number 2; no 2 | 2B, soft lead; softer | 4H, hard lead; harder | colored, assorted colors; coloured
leash material not: nylon, woven nylon; fabric | leather, full grain leather; real leather | rope, mountain rope; climbing rope | chain, steel chain; metal
line kind not: monofilament, mono; nylon | braided, braid; braid line | fluorocarbon, fluoro; invisible
lip flavor not: cherry; cherries | mint, peppermint; minty | coconut; coco | unflavored, plain; no flavor, without flavor
lock tape: self locking, auto lock; locks | free return, no lock; without lock
mailer size: 4x8, 4 x 8 in; 4 by 8 | 6x10, 6 x 10 in; 6 by 10 | 8.5x12, 8.5 x 12 in; 8.5 by 12 | 10.5x16, 10.5 x 16 in; 10.5 by 16
metal kind not: aluminum, lightweight aluminum; aluminium | steel, heavy steel; iron | fiberglass; fibre glass | wooden, beech wood; wood
milk kind not: oat; oats | almond; almonds | soy; soya | coconut; coco | rice; rice grain
nut inside: with nuts, almonds inside; has nuts, nutty | nut free, no nuts; without nuts, peanut free
oil kind: extra virgin, cold pressed; first press | light, refined; mild taste | infused, garlic infused; flavored
pac material not: silicone, medical silicone; rubber free | natural rubber, latex; rubber
pasta shape not: spaghetti, long strands; spagetti | penne, short tubes; pene | fusilli, spirals; rotini | lasagna, wide sheets; lasagne | farfalle, bow tie; butterfly
pattern count: adjustable 8 pattern, 8 way; eight sprays | single jet, fixed jet; one spray | 10 pattern, 10 way; ten sprays
players: 2 players, two player; for 2 | 2-4 players, up to 4; four people | 4-8 players, party size; large group | solo, single player; for one
popcorn flavor not: butter, movie butter; buttery | kettle corn, sweet and salty; kettle | cheddar, white cheddar; cheese | caramel; carmel
protein flavor not: chocolate, dutch chocolate; choco | vanilla, vanilla bean; vanila | strawberry; strawberries | peanut butter; peanutbutter | unflavored, natural; no flavor, without flavor
push handle: with push handle, parent handle; parents push | pedal only, no push bar; without push handle
raised: raised, elevated; high stand | floor level, low profile; not raised
rice kind not: basmati; basmatti | jasmine, thai fragrant; jasmin | brown, whole grain; unpolished | sushi, short grain; sticky | wild, black; black rice
scent perfume not: rose, rose petal; roses | vanilla, vanilla musk; vanila | oud, agarwood; oudh | citrus, bergamot; lemon | jasmine, white jasmine; jasmin | sea breeze, aquatic; fresh ocean
seat stage: 4-35 lb, newborn to 1 year; baby | 20-65 lb, toddler; 2 year old | all in one, birth to 10 years; grows with child
seats child: single, one seat; 1 child | double, twin, two seat; 2 kids
seed kind not: sunflower, black oil sunflower; sun flower | thistle, nyjer; niger | millet mix, mixed millet; milo free | suet, suet cakes; fat balls
serum kind not: vitamin C, ascorbic; vit c | hyaluronic acid, HA; hyaluron | retinol, vitamin A; retinal | niacinamide, vitamin B3; b3
size grip: jumbo, large grip; thick | regular, slim; thin
skin body: for dry skin, hydrating; flaky skin | for sensitive skin, gentle; easily irritated skin | for normal skin, daily; everyday
skin bone: skinless boneless, fillet; no skin, no bones | with skin and bones, traditional pack; bone in
soda flavor not: cola; coke style | lemon lime; lemon and lime | ginger, ginger ale; gingerale | cherry; cherries | grapefruit; pink grapefruit | berry, mixed berry; berries
squirrel: squirrel proof, squirrel resistant; no squirrels, keeps squirrels out | open tray, easy access; not squirrel proof
staple size: 1/4 inch, standard 26/6; 26/6 | 3/8 inch, heavy 23/10; 23/10 | mini, size 10; small
stick size: 3x3, 3 x 3 in; 3 by 3 | 2x2, 1.5 x 2 in; small | 4x6, 4 x 6 in; 4 by 6
tape kind: clear, transparent; see through | brown, tan kraft; kraft | fragile printed, red fragile; fragile
texture: creamy, smooth; no chunks, not crunchy | crunchy, chunky; with pieces
theme: animals, wildlife; animal | space, galaxy; planets | city, skyline; cities | fairy tale, princess; fairies | nature, landscape; scenery
thermo kind: forehead, no touch, infrared; contactless | oral, under tongue; mouth | ear, tympanic; in ear
tilt: with tilt, tilting; tilts | fixed, straight pole; no tilt
toddler size: 2T-3T, 2T; 2 year | 3T-4T, 3T; 3 year | 4T-5T, 4T; 4 year
tuna pack: in water, spring water; no oil, without oil | in olive oil, in oil; with oil
vinegar kind not: apple cider, ACV; apple | balsamic, modena; balsamico | white, distilled white; plain | red wine; wine | rice; rice wine
+rechargeable: rechargeable, NiMH; can recharge, reusable; not rechargeable
+adjustable: adjustable, height adjustable; adjusts
+foldable: folding, foldable, collapsible; folds flat, fold up; not folding
+storage: with storage, hidden storage; has storage; no storage, without storage
+washable: machine washable, removable cover; washable
+waterproof: waterproof, IPX7; water proof; not waterproof
+outdoor: outdoor, weatherproof; for outside, exterior; not outdoor
+reclining: reclining, power recline; recliner function
+swivel: swivel, 360 rotating; rotates, turns
+usb: with USB port, USB charging; with usb; no usb
+smart: smart, wifi, app controlled; works with phone; not smart, no wifi
+pockets: with pockets, side pockets; has pockets; no pockets, without pockets
+organic: organic, certified organic; bio
+hypoallergenic: hypoallergenic, allergy friendly; for allergies
+cooling: cooling, cool gel; stays cool
+weighted: weighted; heavy
+kidsafe: shatterproof, unbreakable; does not break
+stackable: stackable, nesting; stacks
+oven: oven safe; goes in oven
+induction: induction compatible; for induction
+fast: fast charging, quick charge; charges fast
+gaming: gaming, RGB lit; for gamers; not gaming, no rgb
+backlit: backlit, illuminated; light up; no backlight
+privacy: privacy, anti spy; antispy; not privacy
+magnetic: magnetic, MagLock; with magnet; no magnet
+reflective: reflective, hi-vis; glows
+thermal: thermal, fleece lined; warm
+stretch: stretch, four way stretch; stretchy
+padded: padded, cushioned; with padding; no padding
+rfid: RFID blocking, RFID safe; anti theft
+bpa: BPA free; no bpa
+notears: tear free; no tears
+tsa: TSA approved; tsa
+ergonomic: ergonomic, lumbar support; back support
+remote: with remote, remote control; remote included; no remote, without remote
+quiet: ultra quiet, silent; not loud
+eco: recycled, eco friendly; sustainable
+vegan: vegan, plant based; no animal products
+keto: keto, low carb; no carb
+glow: glow in the dark, luminous; glowing
+leakproof: leakproof, spill proof; does not leak
"""

MODELS = """
phone: Orbi 12, Orbi 12 Pro, Orbi 13, Orbi 13 Mini, Pixon 7, Pixon 7 Pro, Pixon 8, Zentra S21, Zentra S22, Zentra S22 Ultra
tablet: Orbi Slate 10, Orbi Slate 11, Zentra Tab 8, Zentra Tab 9, Pixon Pad 2
printer: Inkora 4520, Inkora 4250, Inkora 5000, Papyr L300, Papyr L350, Stampa MX2, Stampa MX4
console: Vortek One, Vortek X, Playdeck 4, Playdeck 5, Hopper Lite
vacuum: Cyvane V8, Cyvane V10, Cyvane V11, Dustrel A5, Dustrel A7
razor: Blaydon 3, Blaydon 5, Shavi M3, Shavi M5
toothbrush: Dentari 1000, Dentari 3000, Brushly S2, Brushly S4
camera: Lumera D50, Lumera D500, Fokal R5, Fokal R6, Fokal R6 II
watch: Orbi Watch 6, Orbi Watch 7, Zentra Fit 2, Zentra Fit 3, Pixon Time
"""

COLOURS = """
any: black: jet, black, jet black, onyx; black | charcoal, charcoal, anthracite; dark grey
any: white: white, white, bright white; white | ivory, ivory, cream, off white; creme
any: grey: grey, gray, grey; grey | silver, silver, silver grey; silvery | slate, slate, slate gray; stone grey
any: blue: navy, navy, navy blue, midnight blue; dark blue | sky, sky blue, light blue; baby blue | royal, royal blue, cobalt; bright blue | teal, teal, peacock; blue green
any: red: crimson, red, crimson, scarlet; red | burgundy, burgundy, wine, maroon; dark red
any: green: sage, sage, sage green; light green | olive, olive, army green; military green | emerald, emerald, forest green; dark green
any: brown: chocolate, brown, chocolate brown, espresso; dark brown | tan, tan, camel, cognac; light brown
any: pink: blush, blush, blush pink, rose; light pink | fuchsia, hot pink, fuchsia; bright pink
any: purple: lilac, lilac, lavender purple; light purple | plum, plum, eggplant; dark purple
any: yellow: mustard, mustard, mustard yellow; dark yellow | lemon, yellow, lemon yellow; bright yellow
any: orange: rust, rust, burnt orange, terracotta orange; rusty orange | tangerine, orange, tangerine; bright orange
wood: brown: dark finish, dark brown, mocha brown; dark wood | natural finish, natural, honey brown; light wood | espresso finish, espresso, java brown; very dark wood
wood: white: painted white, white, matte white; painted white | whitewash, whitewashed, distressed white; shabby chic white
wood: black: painted black, black, matte black; painted black
wood: grey: greywash, grey wash, weathered gray; driftwood
metal: silver: nickel, brushed nickel, satin nickel; nickle | chrome, chrome, polished chrome; shiny silver
metal: gold: brass, brass, antique brass; brassy | gold, gold, matte gold; golden
metal: black: matte black, matte black, flat black; blackened
metal: brown: bronze, oil rubbed bronze, bronze; dark bronze
gadget: black: black gadget, black, space black, graphite; black
gadget: white: white gadget, white, pearl white; white
gadget: grey: grey gadget, space gray, titanium; dark silver
gadget: silver: silver gadget, silver, platinum; silver
gadget: blue: blue gadget, pacific blue, midnight blue; dark blue | ice blue, ice blue, sky blue; light blue
gadget: pink: rose gold, rose gold, blush gold; pinkish gold
gadget: red: red gadget, red, lava red; red
lips: red: cherry red, cherry red, classic red; true red | wine lips, burgundy, wine, berry; dark red
lips: pink: nude pink, nude pink, blush; light pink | hot pink lips, hot pink, fuchsia; bright pink
lips: brown: nude brown, nude brown, mocha; brownish
lips: purple: plum lips, plum, mauve; dark purple
lips: orange: coral, coral, peach; light orange
lash: black: black lash, black, blackest black; black
lash: brown: brown lash, brown, soft brown; brown
"""

TYPES = """
[Furniture]
sofa, couch; settee, davenport | fabric seats=2/3/4/5 armrest colour:any +washable | loveseat, futon | slipcover, throw pillow
loveseat, love seat; small couch, cuddle chair | fabric style colour:any +reclining | accent chair | slipcover, throw pillow
futon, futon sofa bed; sleeper couch, pull out couch | bed fabric colour:any +storage | bed frame, daybed | -
daybed, day bed; trundle bed | bed timber colour:wood +storage | bed frame | mattress
accent chair, armchair; easy chair, club chair | fabric style colour:any +swivel | recliner | ottoman, throw pillow
recliner, recliner chair; lazy chair, lounger chair | fabric power colour:any +swivel | massage chair | ottoman
massage chair, shiatsu chair; back massager chair | fabric colour:any +reclining +smart | - | -
ottoman, footstool; foot rest, pouf | fabric colour:any inch=16/18/24/36 +storage | - | -
coffee table, cocktail table; center table | timber style inch=36/42/48/54 colour:wood +storage | end table | coaster set
end table, side table; night table, lamp table | timber inch=18/20/22/24 colour:wood drawer=1/2/3 | nightstand | table lamp
nightstand, bedside table; bedside cabinet, night stand | timber drawer=1/2/3 colour:wood +usb | - | table lamp, alarm clock
bookcase, bookshelf; book rack, shelving for books | timber tier=3/4/5/6 style colour:wood +adjustable | ladder shelf | bookend
ladder shelf, leaning shelf; leaning bookcase | timber tier=3/4/5 colour:wood | - | -
bed frame, platform bed; bedstead | bed timber style colour:wood +storage | - | mattress
dresser, chest of drawers; bureau, drawer chest | timber drawer=3/4/5/6/8 style colour:wood | wardrobe | -
wardrobe, armoire; clothes closet | timber inch=36/48/60/72 colour:wood locking | garment rack | hanger set
garment rack, clothes rack; clothing rail | inch=36/48/60 wheels colour:metal +adjustable | - | hanger set
bar stool, counter stool; high stool, kitchen stool | fabric inch=24/26/29/30 armrest colour:any +swivel | - | chair pad
dining table, kitchen table; supper table | timber seats=2/4/6/8 style colour:wood +foldable | - | dining chair, tablecloth
dining chair, dinner chair; kitchen chair | fabric armrest set=2/4/6 colour:any | - | chair pad
slipcover, sofa cover; couch protector, settee cover | seats=2/3/4/5 pattern colour:any +washable +waterproof | - | -
hanger set, clothes hangers; coat hangers | pack=10/20/50/100 timber colour:any | - | -
chair pad, seat cushion, cushion for dining chair; stool pad | fabric inch=14/16/18 set=1/2/4/6 colour:any | - | -
tablecloth, table cover, cloth for dining table; table linen | inch=60/84/104/120 pattern colour:any +waterproof | - | -

[Lighting and decor]
desk lamp, task lamp; reading light | power dimming colour:metal +usb +adjustable | table lamp, clip light | light bulb
table lamp, bedside lamp; nightstand light | glass_or_metal inch=14/18/22/26 colour:metal dimming | - | light bulb, lamp shade
floor lamp, standing lamp; torchiere, tall lamp | style inch=58/60/66/72 colour:metal dimming +remote | - | light bulb, lamp shade
clip light, clamp lamp; clip on lamp | power warmth colour:gadget +adjustable | - | light bulb
ceiling light, flush mount light; overhead lamp | style light=1/2/3/5 colour:metal dimming | chandelier, pendant light | light bulb
chandelier, hanging chandelier; candelabra ceiling lamp | style light=3/5/6/8 colour:metal | pendant light | light bulb
pendant light, hanging pendant; drop light | glass_or_metal light=1/3/5 colour:metal | - | light bulb
light bulb, LED bulb; lightbulb, lamp globe | bulb_base warmth watt=40/60/75/100 pack=2/4/6/12 dimming | - | -
lamp shade, lampshade; shade for lamp | fabric inch=10/12/14/16 colour:any | - | -
string lights, fairy lights; twinkle lights | power warmth ft=10/20/33/50 colour:metal +outdoor +remote | - | -
area rug, rug; carpet, floor covering | rug_size pattern style colour:any +washable | runner rug | rug pad
runner rug, hallway runner; hall carpet | ft=6/8/10/12 pattern colour:any +washable | - | rug pad
rug pad, rug gripper; non skid underlay, carpet underlay | rug_size mat | - | -
wall mirror, mirror; looking glass | inch=20/24/30/36/48 mount style colour:metal +foldable | - | -
picture frame, photo frame; frame for pictures | timber pack=1/2/3/6 mount colour:wood | - | -
curtain panels, curtains; drapes, window drapery | weave pattern inch=63/72/84/95/108 colour:any | window blinds | curtain rod
window blinds, roller shades; window shade | weave inch=24/30/36/48 power colour:any | - | -
curtain rod, drapery rod; curtain pole | inch=48/66/84/120 colour:metal | - | -
scented candle, jar candle; fragrance candle | scent oz=4/8/12/16 pack=1/2/3/6 lid | reed diffuser | candle holder
reed diffuser, stick diffuser; room scent sticks | scent oz=3/4/6/8 | - | -
candle holder, candlestick; tealight holder | glass_or_metal set=2/3/6 colour:metal | - | -
throw pillow, accent pillow; decorative cushion, sofa cushion | fabric inch=16/18/20/22 pack=1/2/4 colour:any +washable | - | -
wall clock, hanging clock; clock for wall | style inch=8/10/12/24 power colour:wood +quiet | alarm clock | -
alarm clock, bedside clock; wake up clock | power control colour:gadget +usb | - | -
vase, flower vase; flower holder | glass_or_metal inch=6/8/10/12 colour:any set=1/2/3 | - | artificial flowers
artificial flowers, faux flowers; fake bouquet, silk flowers | inch=12/18/24 pack=2/4/6/12 colour:any +outdoor | - | -

[Bed and bath]
bed sheets, sheet set; bedsheet | bed bedding tc=200/300/400/600/1000 pattern colour:any +cooling | duvet cover | mattress
duvet cover, comforter cover; quilt cover, doona cover | bed bedding pattern colour:any | - | comforter
comforter, duvet insert; quilt, doona | bed fill colour:any +weighted +hypoallergenic | throw blanket | -
throw blanket, throw; lap blanket, couch blanket | cloth inch=50/60/70/80 pattern colour:any +weighted | - | -
bed pillow, sleeping pillow; head pillow | fill firmness pack=1/2/4 bed +cooling | - | pillowcase
pillowcase, pillow cover; pillow slip | bedding pack=1/2/4 bed colour:any +cooling | - | -
mattress, bed in a box; bed matress | bed firmness fill inch=6/8/10/12/14 +cooling | mattress topper | mattress protector
mattress topper, bed topper; mattress pad | bed firmness fill inch=2/3/4 | - | -
mattress protector, mattress cover; bed bug cover | bed bedding +waterproof +quiet | - | -
bath towel, shower towel; body towel | bedding pack=1/2/4/6 inch=54/58/70 colour:any | hand towel, bathrobe | towel rack
hand towel, face towel; small towel | bedding pack=2/4/6/12 pattern colour:any | - | towel rack
bath mat, bathroom rug; shower rug, toilet mat | bedding inch=24/30/34/60 colour:any underside +washable | - | -
shower curtain, shower drape; bathtub curtain | pattern inch=54/72/84 colour:any +waterproof +hypoallergenic | - | shower curtain rod
shower curtain rod, tension shower rod; shower pole | inch=40/60/72 colour:metal | - | -
towel rack, towel bar; towel rail, towel holder | mount inch=16/18/24/30 colour:metal | - | -
bathrobe, spa robe; dressing gown | adult size cloth colour:any hood +pockets | - | slippers
soap dispenser, lotion pump; liquid soap bottle | glass_or_metal oz=8/12/16 colour:metal pack=1/2 | - | -
laundry hamper, laundry basket; dirty clothes bin | lid handle wheels colour:any +foldable | - | -

[Kitchen]
frying pan, skillet; fry pan | cookware inch=8/10/12/14 lid +induction +oven | wok, saute pan | pan lid, spatula
saute pan, deep skillet; saute skillet | cookware qt=3/4/5/6 lid +induction | - | pan lid, spatula
wok, stir fry pan; chinese pan | cookware inch=12/13/14 lid +induction | - | spatula
pan lid, pot lid; cover for pan, skillet lid | inch=8/10/12/14 glass_or_metal | - | -
saucepan, sauce pot; small pot | cookware qt=1/2/3/4 lid +induction | stock pot | -
stock pot, stockpot; soup pot | cookware qt=6/8/12/16/20 lid | dutch oven | -
dutch oven, enameled casserole; cocotte | qt=4/5/6/7 colour:any +oven +induction | slow cooker | -
baking sheet, cookie sheet; sheet pan, oven tray | cookware inch=13/15/18/21 pack=1/2/3 +oven | muffin pan | parchment paper
muffin pan, cupcake pan; muffin tin | cookware cup=6/12/24 +oven | - | -
parchment paper, baking paper; greaseproof paper | ft=30/50/75/100 pack=1/2/4 +eco | - | -
chef knife, chefs knife; cooking knife | inch=6/8/10 blade handle | knife set | cutting board, knife sharpener
knife set, knife block set; kitchen knives | set=5/8/12/15 blade colour:any | - | cutting board, knife sharpener
knife sharpener, blade sharpener; knife grinder | power colour:gadget | - | -
cutting board, chopping board; carving board | board inch=12/14/18/24 handle dishwasher | - | -
mixing bowl, mixing bowls; salad bowl, prep bowl | drinkware set=3/4/5/6 lid colour:any +stackable | - | -
dinner plates, dinnerware plates; dishes, supper plates | glass_or_metal set=4/6/8/12 pattern colour:any dishwasher | - | flatware set
flatware set, silverware set; cutlery, forks and spoons | set=16/20/24/45 colour:metal dishwasher | - | -
wine glasses, wine goblets; stemware | oz=12/14/16/20 set=2/4/6/8 dishwasher +kidsafe | drinking glasses | -
drinking glasses, tumblers set; water glasses, highball | oz=8/12/14/16 set=4/6/8/12 dishwasher +kidsafe | - | -
coffee mug, mug; coffee cup | drinkware oz=8/11/12/15/20 lid handle colour:any | travel mug | coaster set
travel mug, travel tumbler; commuter cup, thermal mug | oz=12/16/20/24/30 insulation handle straw colour:any +leakproof | water bottle | tumbler lid
tumbler lid, replacement lid for tumbler, lid for travel mug; spare cup cover | oz=12/16/20/24/30 straw pack=1/2/3 | - | -
coaster set, drink coasters; cup mats | board pack=4/6/8/12 colour:any | - | -
food storage containers, meal prep containers; tupperware, leftover boxes | drinkware set=5/10/16/24 lid dishwasher +leakproof | - | -
spatula, turner; flipper utensil | cookware set=1/2/3 inch=9/12/14 colour:any | - | -
spice rack, spice organizer; seasoning holder | tier=2/3/4 mount glass_or_metal +adjustable | - | -
dish drying rack, dish rack; dish drainer | tier=1/2 glass_or_metal colour:metal +foldable | - | -
trash can, garbage can; waste bin, rubbish bin | gal=2/4/8/13/21 lid glass_or_metal colour:metal | - | trash bags
trash bags, garbage bags; bin liners, rubbish sacks | gal=4/8/13/30/55 pack=20/45/80/120 scent +eco | - | -

[Appliances]
blender, countertop blender; smoothie maker | oz=20/32/48/64 speed=2/3/6/10 colour:gadget control | hand blender, food processor | -
hand blender, immersion blender; stick mixer | power speed=2/5/8/12 colour:gadget | - | -
food processor, food chopper; veggie chopper | cup=3/5/8/12/14 speed=1/2/3 colour:gadget | - | -
stand mixer, kitchen mixer; cake mixer, dough mixer | qt=4/5/6/7 speed=6/8/10/12 colour:any | hand mixer | -
hand mixer, electric hand mixer; beater, whisk machine | power speed=5/6/7/9 colour:any | - | -
coffee maker, drip coffee maker; coffee machine | cup=4/5/10/12/14 timer control colour:gadget | espresso machine, french press | coffee filters, coffee
espresso machine, espresso maker; cappuccino maker | cup=1/2/4 control colour:gadget timer | - | coffee
french press, cafetiere; coffee plunger, press pot | drinkware oz=12/20/34/51 colour:metal insulation | - | coffee
coffee filters, paper coffee filters; filter cones | cup=4/8/10/12 pack=50/100/200/400 +eco | - | -
electric kettle, tea kettle; water boiler | glass_or_metal qt=1/1.5/1.7/2 control colour:gadget | - | tea
toaster, bread toaster; toasting machine | slice=2/4/6 control colour:gadget | toaster oven | -
toaster oven, countertop oven; mini oven | slice=4/6/9 control timer colour:gadget | air fryer, microwave | -
air fryer, airfryer; hot air cooker, oil less fryer | qt=2/4/6/8/10 control timer colour:gadget +smart | - | air fryer liners
air fryer liners, air fryer paper; parchment for airfryer | inch=6/8/9 pack=50/100/200 | - | -
microwave, microwave oven; micro wave | watt=700/900/1000/1200 control colour:gadget +smart | - | -
slow cooker, crock cooker; crockpot | qt=2/4/6/8 timer control colour:gadget | pressure cooker, rice cooker | slow cooker liners
slow cooker liners, crock liners; bags for slow cooker | qt=4/6/8 pack=8/10/20/30 | - | -
pressure cooker, multi cooker; instant cooker | qt=3/6/8/10 timer control colour:gadget | - | -
rice cooker, rice steamer; rice maker | cup=3/6/8/10/20 timer control colour:gadget | - | -
vacuum cleaner, stick vacuum; hoover, vac | model:vacuum power bag_type | robot vacuum | vacuum filter
robot vacuum, robotic vacuum; automatic hoover | bag_type colour:gadget +smart +quiet +remote | - | vacuum filter
vacuum filter, replacement filter for vacuum; hepa filter | fits:vacuum pack=1/2/4/6 +washable | - | -
air purifier, air cleaner; room purifier | control inch=9/12/15/20 colour:gadget +smart +quiet | humidifier | -
humidifier, cool mist humidifier; vaporizer | gal=0.5/1/1.5/2 timer colour:gadget +quiet | - | -
space heater, portable heater; room heater | watt=750/1000/1500 timer colour:gadget +remote +quiet | - | -
tower fan, oscillating fan; standing fan | inch=28/32/36/42 speed=3/4/6 timer colour:gadget +remote | - | -
clothes iron, steam iron; ironing machine | watt=1200/1500/1700/1800 power colour:any | garment steamer | ironing board
garment steamer, clothes steamer; wrinkle remover | watt=900/1200/1500 power colour:any | - | -
ironing board, iron table; pressing board | inch=36/42/48/54 mount colour:any +adjustable | - | -

[Electronics]
tv, television, smart TV; telly, flat screen | inch=32/43/50/55/65/75/85 resolution panel | projector, monitor | tv mount, soundbar
tv mount, TV wall bracket, wall mount for large TV; television bracket | lb=50/80/100/130 port=1/2 colour:gadget +swivel | - | -
soundbar, sound bar; tv speaker | link watt=60/100/200/300 inch=24/32/36 +remote | portable speaker | -
projector, movie projector; beamer | resolution link colour:gadget +remote +quiet | - | projector screen
projector screen, projection screen; movie screen | inch=80/100/120/150 mount power +outdoor | - | -
headphones, headset; cans, head phones | ear link noise colour:gadget +foldable | earbuds | headphone case
earbuds, ear buds; earphones, airbuds | link noise colour:gadget plug +waterproof | - | -
headphone case, headset carrying case; pouch for headphones | side colour:gadget +waterproof | - | -
portable speaker, bluetooth speaker; wireless boombox | watt=5/10/20/40 colour:gadget +waterproof +outdoor | - | -
digital camera, mirrorless camera; photo camera | model:camera resolution colour:gadget | action camera | camera battery, camera bag, tripod
action camera, sports camera; helmet cam | resolution colour:gadget +waterproof +smart | - | tripod
camera battery, replacement battery for camera; spare camera cell | fits:camera mah=1040/1600/1865/2250 pack=1/2/3 | - | -
camera bag, camera case; photo bag | bag_material side colour:any +waterproof | - | -
tripod, camera tripod; camera stand | inch=50/60/67/72 colour:gadget +foldable +remote | - | -
game console, gaming console; video game system | model:console gb=500/825/1000/2000 | - | game controller
game controller, gamepad; joystick | fits:console link colour:gadget +backlit | - | controller charger
controller charger, charging dock for controller; gamepad charging stand | fits:console plug +backlit | - | -
smart watch, smartwatch; fitness watch | model:watch mm=40/41/44/45 colour:gadget | fitness tracker | watch band
fitness tracker, activity band; step counter | adult colour:gadget +waterproof +smart | - | -
watch band, replacement strap for smart watch; watch strap | fits:watch strap mm=40/41/44/45 colour:any | - | -
security camera, surveillance camera; cctv | resolution power pack=1/2/4 +outdoor | video doorbell | -
video doorbell, doorbell camera; door bell cam | power resolution colour:gadget +smart | - | -
aa batteries, double A batteries; penlight cells | pack=4/8/16/24/48 +rechargeable | aaa batteries | -
aaa batteries, triple A batteries; micro cells | pack=4/8/16/24/48 +rechargeable | - | -

[Phones and computers]
smartphone, cell phone; mobile phone, handset | model:phone gb=64/128/256/512 colour:gadget | - | phone case, screen protector, phone charger, car phone mount
phone case, case for phone; phone cover, mobile cover | fits:phone case_material colour:any +magnetic | wallet case | -
wallet case, phone wallet case; card holder phone cover | fits:phone case_material colour:any +rfid | - | -
screen protector, tempered glass screen guard; phone screen film | fits:phone pack=1/2/3/5 finish +privacy | - | -
phone charger, charging block; wall plug charger | watt=12/20/30/45/65 plug port=1/2/3 +foldable | wireless charger, power bank | charging cable
charging cable, charger cord; phone lead | plug ft=3/6/10/15 pack=1/2/3/5 colour:any +fast | - | -
wireless charger, charging pad; induction charger | watt=5/10/15 colour:gadget +magnetic +fast | - | -
power bank, portable charger; battery pack | mah=5000/10000/20000/30000 port=1/2/3 colour:gadget +fast | - | -
car phone mount, phone holder for car; dashboard phone stand | colour:gadget +magnetic +adjustable | - | -
laptop, notebook computer; portable computer | inch=13/14/15/17 gb=8/16/32 colour:gadget +gaming | tablet, desktop computer | laptop sleeve, laptop stand
desktop computer, tower PC; pc | gb=8/16/32/64 tb=1/2/4 +gaming | - | monitor
laptop sleeve, laptop case; sleeve for notebook computer | device bag_material colour:any +waterproof | - | -
laptop stand, notebook riser; computer riser | glass_or_metal device colour:gadget +foldable | - | -
tablet, tablet computer; slate device | model:tablet gb=32/64/128/256 colour:gadget | - | tablet case
tablet case, folio case for tablet; tablet cover | fits:tablet case_material colour:any +backlit | - | -
monitor, computer monitor; pc screen, display | inch=22/24/27/32/34 resolution +gaming +adjustable | - | monitor arm
monitor arm, monitor desk mount; screen arm | port=1/2/3 inch=27/32/49 colour:gadget +adjustable | - | -
keyboard, computer keyboard; key board | keys link layout colour:gadget +backlit | - | wrist rest
mouse, computer mouse; pc mouse | link colour:gadget +gaming +ergonomic +quiet | trackpad | mouse pad
trackpad, touchpad; track pad | link colour:gadget | - | -
mouse pad, mousepad; mouse mat | fabric inch=9/12/31/35 colour:any +backlit | desk mat | -
desk mat, desk pad; blotter | fabric inch=24/31/36 colour:any +waterproof | - | -
wrist rest, keyboard wrist pad; palm support | fill colour:any layout | - | -
usb hub, USB splitter; port expander | port=3/4/7/10 plug colour:gadget | - | -
external hard drive, portable hard drive; backup drive | tb=1/2/4/5 plug colour:gadget | usb flash drive | -
usb flash drive, thumb drive; memory stick, pen drive | gb=16/32/64/128/256 pack=1/2/5/10 colour:any | - | -
webcam, web camera; pc camera | resolution plug noise +privacy | - | -
wifi router, wireless router; internet box | port=2/4/8 colour:gadget | - | ethernet cable
ethernet cable, network cable; lan cord | ft=3/6/10/25/50/100 pack=1/2/5 colour:any | - | -

[Clothing]
t-shirt, tee; tshirt, tee shirt | audience size cloth neck sleeve colour:any | polo shirt, tank top | -
polo shirt, golf polo; collared shirt | adult size cloth sleeve colour:any | - | -
tank top, sleeveless undershirt; singlet, vest top | adult size cloth pack=1/2/3/5 colour:any | - | -
hoodie, hooded sweatshirt; hoody | audience size cloth closure colour:any +pockets | sweater | -
sweater, knit jumper; pullover knit | adult size cloth neck colour:any | cardigan | -
cardigan, open front sweater; knit jacket | adult size cloth colour:any +pockets | - | -
winter coat, parka; cold weather coat, anorak | audience size hood colour:any +waterproof | rain jacket | scarf, winter gloves
rain jacket, raincoat; mackintosh, rain coat | audience size hood colour:any +reflective | - | umbrella
jeans, denim pants; denims, dungarees | adult size rise colour:any +stretch | chinos | belt
chinos, khaki pants; twill trousers | adult size rise colour:any +stretch | - | belt
leggings, yoga pants; tights | adult size rise colour:any +pockets +thermal | sweatpants | -
sweatpants, joggers; track pants, jogging bottoms | audience size cloth colour:any +pockets | - | -
shorts, gym shorts; short pants | adult size inch=5/7/9/10 colour:any +pockets | - | -
summer dress, sundress; frock | size sleeve pattern cloth colour:any +pockets | maxi skirt | -
maxi skirt, long skirt; full length skirt | size pattern cloth colour:any +pockets | - | -
pajama set, pajamas; pyjamas, pjs, nightwear | audience size cloth pattern sleeve colour:any | nightgown | slippers
nightgown, sleep dress; nightie | size sleeve cloth colour:any | - | slippers
swimsuit, one piece swimwear; bathing suit, swimming costume | audience size pattern colour:any +padded | - | beach towel
socks, crew socks; ankle sox | audience cloth pack=3/6/10/12 pattern colour:any | - | -
boxer briefs, underwear; boxers, trunks | size cloth pack=3/5/6/8 colour:any | - | -
sports bra, workout bra; gym bra | size closure colour:any +padded | - | -
beach towel, pool towel; sand towel | cloth pattern inch=60/70/72 pack=1/2/4 colour:any | - | -

[Shoes and accessories]
running shoes, running sneakers; joggers shoes, trainers | audience shoe=5/6/7/8/9/10/11/12 upper width colour:any | walking shoes | shoe insoles, shoelaces
walking shoes, casual sneakers; tennis shoes, gym shoes | adult shoe=5/6/7/8/9/10/11/12 lacing width colour:any | - | shoe insoles, shoelaces
hiking boots, trail boots; trekking boots | adult shoe=6/7/8/9/10/11/12 upper colour:any +waterproof | work boots | boot socks
work boots, steel toe boots; safety boots | adult shoe=7/8/9/10/11/12 upper sole colour:any +waterproof | - | boot socks
boot socks, hiking socks; thick socks for boots | adult cloth pack=1/2/3/6 colour:any | - | -
rain boots, rubber boots; wellies, wellington boots | audience shoe=4/5/6/7/8/9/10 colour:any pattern | - | -
sandals, strappy sandals; summer sandals | audience shoe=5/6/7/8/9/10/11 heel upper colour:any | flip flops | -
flip flops, thong sandals; beach slippers, thongs | audience shoe=5/6/7/8/9/10/11 sole colour:any | - | -
slippers, house shoes; house slippers, indoor shoes | audience shoe=5/6/7/8/9/10/11 upper sole colour:any | - | -
dress shoes, oxford shoes; formal shoes | shoe=7/8/9/10/11/12 upper lacing width colour:any | loafers | shoe polish
loafers, penny loafers; moccasins | adult shoe=6/7/8/9/10/11 upper colour:any | - | shoe polish
pumps, court shoes; evening shoes | shoe=5/6/7/8/9/10 heel upper colour:any | - | shoe insoles
shoe insoles, insoles for running shoes; arch supports, inserts | adult shoe=6/8/10/12 fill | - | -
shoelaces, replacement laces for shoes; shoe strings | inch=36/45/54/63 pack=1/2/4/6 colour:any +reflective | - | -
shoe polish, leather shoe wax; boot wax | oz=2/3/5 colour:any | - | -
shoe rack, shoe organizer; shoe shelf | tier=2/3/4/5/8 mount glass_or_metal colour:metal +stackable | - | -
backpack, daypack; rucksack, book bag | bag_material inch=15/16/17/18 audience colour:any +usb +waterproof | messenger bag | -
messenger bag, laptop shoulder bag; courier bag | bag_material inch=13/14/15/17 colour:any +rfid | - | -
handbag, tote bag; purse, shoulder bag | bag_material colour:any +rfid | crossbody bag | -
crossbody bag, sling bag; cross body purse | bag_material adult colour:any +rfid | - | -
wallet, bifold wallet; billfold | bag_material adult colour:any +rfid +magnetic | - | -
belt, waist belt; trouser belt | bag_material adult inch=32/34/36/38/40 colour:any | - | -
suitcase, carry on luggage; travel bag, trolley bag | inch=20/22/24/28 side wheels colour:any +tsa | duffel bag | luggage tags, packing cubes
duffel bag, weekender; holdall, gym bag | bag_material wheels inch=18/20/24/30 colour:any +waterproof | - | packing cubes
packing cubes, suitcase organizers; luggage pouches | set=3/4/6/8 colour:any +waterproof | - | -
luggage tags, suitcase tags; baggage labels | bag_material pack=1/2/4/6 colour:any | - | -
sunglasses, sun glasses; shades, sunnies | adult lens colour:any +foldable | - | sunglasses case
sunglasses case, case for sunglasses; spectacle box | bag_material side colour:any | - | -
umbrella, travel umbrella; brolly, rain shade | inch=42/46/54/62 colour:any +foldable | - | -
scarf, neck scarf; muffler | adult cloth pattern colour:any | - | -
winter gloves, touchscreen gloves; mittens | audience size cloth colour:any +waterproof | - | -
baseball cap, ball cap; snapback hat | audience colour:any +adjustable | beanie | -
beanie, knit hat; winter cap, toque | audience cloth colour:any +reflective | - | -
wrist watch, analog watch; timepiece | adult strap mm=36/38/40/42/44 colour:metal +waterproof | smart watch | -

[Sports and outdoors]
yoga mat, exercise mat; gym mat | mat mm=4/6/8/10/15 inch=68/72/84 colour:any | - | yoga block, yoga strap
yoga block, yoga brick; pilates block | mat set=1/2/4 colour:any | - | -
yoga strap, stretching strap; stretch band with loops | ft=6/8/10 colour:any | resistance bands | -
resistance bands, exercise bands; workout elastic | lb=10/20/30/50/100 set=3/5/11 handle colour:any | - | -
dumbbells, dumbbell pair; hand weights | lb=5/8/10/15/20/25/30 grip set=2/4/6 +adjustable | kettlebell | weight rack
kettlebell, kettle bell; cannonball weight | lb=10/15/20/25/35/45 grip colour:any | - | weight rack
weight rack, dumbbell rack, storage stand for dumbbells; weights shelf | tier=1/2/3 lb=300/500/800 | - | -
treadmill, walking pad; running machine | speed=6/8/10/12 +foldable +remote +quiet | exercise bike | treadmill mat
exercise bike, stationary bike; spin bike | control +foldable +quiet +adjustable | - | treadmill mat
treadmill mat, mat for exercise bike; equipment floor mat | mat ft=4/6/7/8 | - | -
tent, camping tent; shelter for camping | person=1/2/4/6/8/10 season colour:any +waterproof | canopy tent | sleeping bag, tent stakes
canopy tent, pop up canopy; gazebo | ft=8/10/12/20 colour:any +waterproof | - | tent stakes
tent stakes, tent pegs; ground pegs for tent | inch=7/9/12 pack=6/10/12/20 | - | -
sleeping bag, mummy bag; camp bedroll | season fill colour:any audience +waterproof | - | sleeping pad
sleeping pad, camping mattress; camp mat | inch=2/3/4/5 colour:any +foldable | - | -
camping chair, folding camp chair; lawn chair | lb=250/300/400/500 armrest colour:any +padded | - | -
camping stove, camp stove; cooker for camping | burner=1/2/3 fuel +foldable | - | -
headlamp, head torch; forehead flashlight | power pack=1/2/3 colour:gadget +waterproof | flashlight | -
flashlight, LED flashlight; torch, hand lamp | power pack=1/2/4 colour:gadget +waterproof | - | -
cooler, ice chest; cool box, esky | qt=16/25/45/65/100 wheels colour:any +leakproof | - | ice packs
ice packs, freezer packs for cooler; cold packs | pack=2/4/6/10 +eco | - | -
water bottle, sports bottle; drinks flask | drinkware oz=12/18/24/32/40/64 insulation straw colour:any | - | water bottle brush
water bottle brush, bottle cleaning brush; brush for water bottles | inch=9/12/15 set=1/2/3/5 | - | -
bike helmet, bicycle helmet; cycling helmet | audience size colour:any +reflective +adjustable | - | -
bicycle, mountain bike; push bike, cycle | inch=20/24/26/27.5/29 speed=1/7/18/21/24 audience colour:any | electric scooter | bike lock, bike pump, bike rack
electric scooter, e-scooter; kick scooter with motor | watt=250/350/500/800 colour:gadget +foldable | - | -
bike lock, bicycle lock; cable lock for bicycle | ft=3/4/6 colour:any | - | -
bike pump, bicycle pump; tire inflator | power colour:gadget | - | -
bike rack, bicycle rack for car; car cycle carrier | lb=70/105/140 +foldable | - | -
basketball, basket ball; hoops ball | skill inch=27.5/28.5/29.5 colour:any +outdoor | - | ball pump
soccer ball, football ball; futbol | skill ball_size colour:any +outdoor +glow | - | ball pump
ball pump, needle pump for sports balls; ball inflator | power pack=1/2 | - | -
tennis racket, tennis racquet; tenis bat | skill inch=23/25/26/27 colour:any | pickleball paddle | tennis balls
pickleball paddle, pickleball racket; pickle ball bat | skill set=1/2/4 colour:any | - | -
tennis balls, pressurized tennis balls; balls for tenis | skill pack=3/4/12/24 | - | -
jump rope, skipping rope; speed rope | ft=8/9/10 colour:any +weighted | - | -
fishing rod, fishing pole; angling rod | ft=5/6/7/8/9 skill set=1/2 | - | fishing line
fishing line, angling line; line for fishing rod | lb=6/8/10/20/30 line_kind colour:any | - | -

[Garden and tools]
grill, bbq grill; barbecue, bbq | fuel burner=1/2/3/4/5 colour:gadget wheels | smoker | grill cover, grill brush
smoker, meat smoker; smokehouse | fuel inch=18/22/30 colour:gadget +smart | - | grill cover
grill cover, cover for bbq grill; barbecue cover | inch=48/52/58/64/72 colour:any +waterproof | - | -
grill brush, bbq cleaning brush; brush for grill | inch=12/16/18 | - | -
patio set, outdoor dining set; garden furniture | set=3/5/7/9 glass_or_metal colour:any +foldable | - | patio umbrella, furniture cover
patio umbrella, market umbrella; parasol, garden sunshade | ft=6/7.5/9/10/11 tilt colour:any | - | umbrella base
umbrella base, stand for patio umbrella; parasol foot | lb=20/30/50/100 wheels colour:metal | - | -
furniture cover, patio furniture cover; cover for garden table | inch=60/72/84/110 colour:any +waterproof | - | -
lawn mower, push mower; grass cutter | motor inch=14/16/20/21 bagging | string trimmer | -
string trimmer, weed eater; strimmer, weed whacker | motor inch=12/14/16/18 | - | trimmer line
trimmer line, line for string trimmer; weed eater string | ft=50/100/200/300 mm=2/2.4/2.7 | - | -
leaf blower, yard blower; garden blower | motor speed=1/2/3/6 volt=20/40/60/80 | - | -
garden hose, water hose; hosepipe | ft=25/50/75/100 hose_kind colour:any | - | hose nozzle, hose reel
hose nozzle, spray nozzle for garden hose; hose gun | pattern_count glass_or_metal pack=1/2 | - | -
hose reel, reel for garden hose; hosepipe trolley | ft=50/100/150/200 mount wheels | - | -
plant pot, flower pot; planter | pot inch=4/6/8/10/12/14 drainage set=1/3/5 colour:any | raised garden bed | potting soil, plant stand
plant stand, stand for plant pots; flower pot shelf | tier=1/2/3/5 timber +foldable | - | -
raised garden bed, planter box; vegetable bed | timber ft=3/4/6/8 | - | potting soil
potting soil, potting mix; plant dirt, compost | qt=4/8/16/25 +organic | - | -
flower seeds, wildflower seeds; seeds for flowers | sun pack=1/3/6/10 +organic | vegetable seeds | -
vegetable seeds, heirloom vegetable seeds; veggie seeds | sun pack=5/10/20/30 +organic | - | -
watering can, plant watering can; sprinkling can | gal=0.5/1/2/3 pot colour:any | - | -
pruning shears, garden shears; secateurs, clippers for plants | inch=6/8/9 colour:any | - | -
cordless drill, drill driver; power drill, screw gun | volt=12/18/20 speed=1/2/3 set=1/30/60/100 | impact driver, hammer drill | drill bits
impact driver, impact wrench; impact gun | volt=12/18/20 brushless | - | drill bits
hammer drill, rotary hammer; masonry drill | volt=18/20/36 power | - | drill bits
drill bits, twist bit set, bit set for drill; borers | set=10/13/21/29/60 bit_metal | - | -
claw hammer, hammer; nail hammer | oz=8/12/16/20 | - | -
screwdriver set, screwdrivers; screw drivers | set=6/8/12/20/40 +magnetic insulated_tool | - | -
tape measure, measuring tape; ruler tape | ft=12/16/25/30/35 +magnetic lock_tape | - | -
tool box, toolbox; tool chest | inch=13/16/19/22/26 glass_or_metal drawer=2/3/5/7 locking | - | -
work gloves, mechanic gloves; safety gloves | adult size pack=1/3/6/12 +waterproof | - | -
extension cord, extension cable; power lead | ft=6/10/25/50/100 port=1/3 colour:any +outdoor | surge protector | -
surge protector, power strip; multi plug | port=4/6/8/12 ft=2/6/10/15 mount +usb | - | -
ladder, step ladder; steps, climbing steps | ft=3/4/6/8/12 metal_kind handle +foldable | - | -

[Pets]
dog bed, bed for dogs; puppy bed | pet_size fill inch=24/30/36/42 colour:any +washable +waterproof | dog crate | dog blanket
dog blanket, blanket for dog bed; puppy throw | pet_size cloth colour:any +waterproof | - | -
dog leash, dog lead; leash for dogs | ft=4/5/6/8/10/15 leash_material pet_size colour:any +reflective +padded | dog harness | dog collar
dog harness, no pull harness; vest for dogs | pet_size size colour:any +reflective +padded | - | dog leash
dog collar, collar for dogs; pet neckband | pet_size leash_material colour:any +reflective +waterproof | - | pet id tag
pet id tag, dog tag; name tag for collar | glass_or_metal colour:metal +quiet | - | -
dog crate, dog kennel; dog cage | inch=24/30/36/42/48 pet_size doors +foldable | - | crate mat
crate mat, pad for dog crate; kennel cushion | inch=24/30/36/42/48 colour:any +waterproof | - | -
dog food, dry dog food; kibble | lb=5/15/30/40 life protein grain | wet dog food | dog bowl
wet dog food, canned dog food; dog food tins | oz=3/6/13 pack=6/12/24 life protein grain | - | dog bowl
dog treats, dog biscuits; snacks for dogs | protein oz=6/12/16/32 grain life | - | -
dog bowl, dog dish; feeding bowl for dogs | drinkware pet_size underside raised colour:any | - | -
dog toy, chew toy for dogs; puppy plaything | toy_material squeak pet_size pack=1/3/5/10 | - | -
dog shampoo, pet shampoo; puppy wash | scent oz=8/12/16/20 +hypoallergenic +notears | - | -
poop bags, dog waste bags; doggy bags | pack=60/120/270/900 scent handle +eco | - | -
cat food, dry cat food; kitty kibble | lb=3/7/12/16 cat_life protein grain | wet cat food | -
wet cat food, canned cat food; cat food pouches | oz=3/5/6 pack=12/24/30 cat_life protein grain | - | -
cat litter, kitty litter; cat sand | litter litter_stuff lb=7/14/20/40 scent | - | litter box
litter box, cat toilet, litter tray; kitty pan | lid inch=18/20/24 colour:any auto | - | litter mat
litter mat, mat for litter box; cat sand catcher | inch=24/30/36 colour:any +waterproof | - | -
cat tree, cat tower; cat condo, climbing tree for cats | inch=32/48/56/72 cloth colour:any | cat scratcher | -
cat scratcher, scratching post; scratch pad | inch=12/20/32 pack=1/2/3 | - | -
fish tank, aquarium; fishbowl | gal=3/5/10/20/40/55 | - | aquarium filter
aquarium filter, filter for fish tank; fish tank pump | gal=10/20/40/75 +quiet | - | -
bird feeder, wild bird feeder; feeding station for birds | lb=2/3/5/8 squirrel glass_or_metal | - | bird seed
bird seed, wild bird food; seeds for birds | lb=5/10/20/40 seed_kind | - | -

[Baby and toys]
stroller, baby stroller; pushchair, pram, buggy | seats_child age_from colour:any +foldable +reclining | baby carrier | stroller organizer
stroller organizer, caddy for stroller; pram bag | colour:any cup_slots insulation | - | -
baby carrier, infant carrier; baby sling | age cloth colour:any +ergonomic | - | -
car seat, infant car seat; child car chair | seat_stage facing colour:any +washable | booster seat | car seat cover
booster seat, car booster; raised car chair for kids | back_kind colour:any +foldable | - | -
car seat cover, canopy for infant car seat; baby seat blanket | cloth pattern colour:any | - | -
crib, baby crib; cot, infant bed | timber crib_kind colour:wood +storage | bassinet | crib mattress, crib sheet
bassinet, bedside sleeper; moses basket | colour:any wheels +adjustable +foldable | - | crib sheet
crib mattress, mattress for crib; cot mattress | fill +waterproof +organic | - | -
crib sheet, fitted sheet for crib; cot sheet | bedding pattern pack=1/2/3 colour:any +organic | - | -
diapers, disposable diapers; nappies | diaper pack=30/66/120/180 +hypoallergenic scent | training pants | baby wipes
training pants, pull up pants; potty training undies | toddler_size pack=20/54/92 girl_boy | - | baby wipes
baby wipes, wet wipes; moist tissues for babies | pack=64/192/528/1000 scent alcohol | - | -
baby bottle, infant feeding bottle; nursing bottle | drinkware oz=4/5/8/9/11 nipple pack=1/2/3/4 | sippy cup | bottle warmer
sippy cup, toddler cup; spill proof cup | oz=6/7/9/10 handle straw pack=1/2/3 colour:any | - | -
bottle warmer, warmer for baby bottles; milk heater | power timer colour:gadget | - | -
pacifier, soother; dummy, binky | age pac_material pack=1/2/4/6 colour:any +glow | - | pacifier clip
pacifier clip, clip for pacifier; dummy chain | pac_material pack=1/2/3/4 colour:any | - | -
high chair, baby high chair; feeding chair | colour:any +foldable +adjustable wheels | - | baby bib
baby bib, feeding bib; drool catcher | bib_material pack=1/2/3/5/10 sleeve colour:any +waterproof | - | -
onesie, baby bodysuit; romper, babygrow | age sleeve cloth pack=1/3/5/7 pattern colour:any | - | -
baby monitor, video baby monitor; nanny cam | link inch=2.8/3.5/4.3/5 pack=1/2 | - | -
building blocks, building bricks; construction toy | play_material piece=50/100/250/500/1000 play_age | magnetic tiles | -
magnetic tiles, magnet building tiles; magnetic shapes toy | piece=32/60/100/120 play_age +glow | - | -
jigsaw puzzle, puzzle; jig saw | piece=24/48/100/300/500/1000/2000 play_material theme | board game | -
board game, family board game; tabletop game | play_age players theme | - | -
doll, baby doll; dolly | inch=8/12/14/18 doll_hair play_age | stuffed animal | doll clothes, dollhouse
doll clothes, outfits for dolls; dress for dolly | inch=8/12/14/18 set=2/5/8/10 colour:any | - | -
dollhouse, doll house; doll mansion | play_material tier=2/3/4 +foldable | - | -
stuffed animal, plush toy; soft toy, cuddly toy | animal inch=8/12/16/24/36 colour:any +weighted | - | -
remote control car, RC car; radio controlled car | play_age colour:any +waterproof | toy car | rechargeable rc battery
toy car, model car; matchbox cars, little cars | play_material pack=1/5/10/20 play_age | - | -
rechargeable rc battery, battery for RC car; rc car power cell | mah=1200/2000/3000/5000 volt=3.7/7.4/11.1 pack=1/2 | - | -
play kitchen, toy kitchen; pretend kitchen | play_material play_age colour:any | - | -
kids tricycle, trike; three wheeler for kids | play_age colour:any +foldable push_handle | balance bike | -
balance bike, no pedal bike; strider bike | inch=10/12/14 play_age colour:any | - | -
coloring book, colouring book; book to color in | page=24/48/64/100 play_age theme | - | crayons, markers
crayons, wax crayons; coloring sticks | pack=8/16/24/64/96 +washable size_grip | markers | -

[Beauty and health]
shampoo, hair shampoo; hair wash | hair sulfate oz=8/12/16/32 scent | - | conditioner
conditioner, hair conditioner; hair rinse | hair sulfate oz=8/12/16/32 scent | hair mask | -
hair mask, deep conditioner; hair treatment | hair oz=6/8/12/16 scent | - | -
hair dryer, blow dryer; hairdryer | watt=1200/1600/1875/2000 colour:any ionic | - | -
hair straightener, flat iron; straightening iron | inch=0.7/1/1.25/1.5 power colour:any iron_plate | curling iron | heat protectant
curling iron, curling wand; hair curler | inch=0.7/1/1.25/1.5 power colour:any iron_plate | - | heat protectant
heat protectant, heat protection spray; thermal hair spray | oz=4/6/8 hair | - | -
face moisturizer, facial moisturizer; face hydrator | skin form oz=1/1.7/2/3/4 scent +vegan | face serum | face cleanser
face serum, facial serum; skin drops | skin serum_kind oz=0.5/1/2 +vegan | - | -
face cleanser, facial cleanser; face wash | skin form oz=4/6/8/16 alcohol | micellar water | -
micellar water, makeup remover; make up cleanser | skin oz=3/6/13 alcohol | makeup wipes | -
makeup wipes, makeup remover wipes; face tissues | skin pack=25/30/60/100 alcohol +eco | - | -
sunscreen, sun lotion; sunblock, suntan protection | spf=15/30/50/70/100 form oz=2/3/6/8 scent | - | after sun lotion
after sun lotion, after sun care; sunburn relief | form oz=6/8/12/16 scent | - | -
foundation, liquid foundation; face makeup base | tint finish skin spf=15/20/30 | concealer | makeup brush set
concealer, under eye concealer; dark circle cover | tint finish form +vegan | - | makeup brush set
lipstick, lip color; lip stick | finish colour:lips +vegan | lip balm | -
lip balm, lip moisturizer; chapstick | lip_flavor spf=15/30 pack=1/2/4/12 | - | -
mascara, lash mascara; eyelash paint | lash colour:lash +waterproof +vegan | - | -
makeup brush set, makeup brushes; cosmetic brushes | set=5/8/12/15/24 brush_hair colour:any | - | -
nail polish, nail lacquer; nail varnish | finish colour:lips set=1/6/12/24 | - | nail polish remover
nail polish remover, acetone remover; varnish remover | oz=4/6/8/16 acetone | - | -
perfume, eau de parfum; fragrance | adult scent_perfume oz=1/1.7/3.4 | body mist | -
body mist, body spray; fragrance mist | scent_perfume oz=4/8/10 adult | - | -
body lotion, body cream; skin lotion | skin_body oz=8/12/16/32 scent +vegan | - | -
body wash, shower gel; shower soap | skin_body oz=8/12/18/32 scent sulfate | bar soap | loofah
bar soap, soap bars; soap cake | scent pack=1/3/6/10 skin_body +vegan | - | -
loofah, bath sponge; shower scrubber | pack=1/3/4/6 colour:any handle | - | -
deodorant, antiperspirant; underarm freshener | adult form scent aluminum | - | -
electric razor, electric shaver; shaving machine | model:razor colour:gadget +waterproof | manual razor | razor blades
manual razor, disposable razor; razor | adult blade_count pack=1/4/8/12 | - | shaving cream
razor blades, replacement heads for electric razor; shaver heads | fits:razor pack=1/2/3 | - | -
shaving cream, shave gel; shaving foam | skin scent oz=6/7/10 | - | -
electric toothbrush, sonic toothbrush; power toothbrush | model:toothbrush bristle colour:any | manual toothbrush | toothbrush heads, toothpaste
manual toothbrush, toothbrush; tooth brush | bristle pack=1/2/4/6/12 kid_adult colour:any +eco | - | toothpaste
toothbrush heads, replacement heads for electric toothbrush; brush refills | fits:toothbrush bristle pack=2/4/6/8 | - | -
toothpaste, tooth paste; dental cream | mint oz=3/4/6 pack=1/2/3/6 fluoride kid_adult | - | -
mouthwash, mouth rinse; oral rinse | mint alcohol oz=8/16/33 fluoride | - | -
dental floss, floss; tooth string | mint pack=1/2/3/6 floss_kind +eco | water flosser | -
water flosser, oral irrigator; tooth water jet | power oz=5/10/20 colour:gadget +waterproof | - | -
vitamins, dietary supplement; supplements | vitamin pill pack=30/60/90/120/180 sugar | - | -
protein powder, protein shake powder; protein shake mix | protein_flavor lb=1/2/3/5 dairy sugar | protein bar | shaker bottle
protein bar, protein snack bars; gym bars | protein_flavor pack=1/6/12/24 sugar +keto | - | -
shaker bottle, shaker for protein powder; protein mixer cup | oz=12/20/24/28 drinkware colour:any +leakproof | - | -
bandages, adhesive bandages; plasters, band aids | pack=20/30/60/100 fabric_strip +waterproof | - | first aid kit
first aid kit, emergency medical kit; medical box | piece=50/100/200/300 +waterproof | - | -
thermometer, digital thermometer; fever checker | thermo_kind colour:gadget kid_adult +quiet | - | -
hand sanitizer, sanitizing hand gel; hand gel | alcohol oz=1/2/8/16/32 scent pack=1/2/4/8 | hand soap | -
hand soap, liquid hand soap; hand wash | scent oz=8/11/16/50 pack=1/2/3/6 | - | soap dispenser

[Grocery]
coffee, roasted coffee; java, joe | roast caffeine grind oz=10/12/20/32 +organic | coffee pods | coffee creamer
coffee pods, coffee capsules; k cups, pods | roast caffeine pack=10/24/48/96 | - | coffee creamer
coffee creamer, creamer for coffee; coffee whitener | dairy sugar oz=16/25/32 creamer_flavor | - | -
tea, tea bags; teabags | tea caffeine pack=20/40/80/100 +organic | loose leaf tea | honey
loose leaf tea, loose tea; tea leaves | tea caffeine oz=2/4/8/16 +organic | - | tea infuser
tea infuser, infuser for loose leaf tea; tea strainer | glass_or_metal handle pack=1/2/3 | - | -
honey, raw honey; bee honey | oz=8/12/16/32 honey_kind +organic | maple syrup | -
maple syrup, pancake syrup; pancake sauce | oz=8/12/16/32 sugar | - | -
potato chips, crisps; chips | chip_flavor oz=1/5/8/10 pack=1/6/12/40 gluten | tortilla chips | salsa dip
tortilla chips, corn chips; nachos | chip_flavor oz=9/11/13/20 gluten +organic | - | salsa dip
salsa dip, chunky salsa; tomato dip for chips | heat oz=8/12/16/24 sugar | - | -
mixed nuts, roasted nuts; nut mix | nut salt oz=8/16/24/32 | trail mix | -
trail mix, hiking snack mix; student mix | oz=6/12/26/32 sugar nut pack=1/8/12 | - | -
nut butter, nut spread; spreadable nuts | nut sugar salt oz=10/12/16/28 texture | - | fruit jam
fruit jam, fruit preserves; jelly spread | jam_fruit sugar oz=8/10/12/18 +organic | - | -
chocolate bar, chocolate; candy bar | cocoa sugar dairy pack=1/3/6/12 nut_inside | chocolate truffles | -
chocolate truffles, boxed chocolates; pralines | cocoa pack=12/24/36 dairy alcohol_choc | - | -
granola bars, oat bars; cereal bars, muesli bars | pack=6/8/12/24 gluten nut_inside sugar | - | -
breakfast cereal, cereal; morning cereal | oz=10/12/18/24 sugar grain_kind | oatmeal | milk alternative
oatmeal, rolled oats; porridge | oz=18/32/42 grind_oat gluten sugar | - | milk alternative
milk alternative, plant milk; non dairy drink | milk_kind sugar oz=8/32/64 pack=1/6/12 | - | -
fruit juice, juice drink; squeezed juice | fruit pulp sugar oz=8/32/52/64 pack=1/6/12/24 | soda | -
soda, soft drink; pop, fizzy drink | soda_flavor sugar caffeine pack=6/8/12/24 | sparkling water | -
sparkling water, seltzer; fizzy water, carbonated water | soda_flavor oz=8/12/16/33 pack=8/12/24 sugar | - | -
energy drink, energy shot; caffeine drink | soda_flavor sugar oz=8/12/16 pack=1/4/12/24 | - | -
pasta, dried pasta; noodles | pasta_shape gluten oz=8/12/16/32 pack=1/4/8 +organic | rice | pasta sauce
pasta sauce, tomato sauce for pasta; marinara | oz=14/24/32 sugar heat | - | -
rice, bag of rice; rice grain | rice_kind lb=1/2/5/10/20 +organic | - | -
olive oil, cooking oil; oil of olives | oil_kind oz=8/17/25/34/68 +organic | - | vinegar
vinegar, cooking vinegar; salad acid | vinegar_kind oz=8/12/16/32 +organic | - | -
all purpose flour, baking flour; plain flour | flour_kind lb=2/3/5/10 +organic | - | baking powder
baking powder, leavening powder; raising agent | oz=4/8/10 aluminum gluten | - | -
canned tuna, tuna cans; tinned tuna | tuna_pack oz=3/5/12 pack=1/4/8/12 salt | canned salmon | -
canned salmon, salmon can; tinned salmon | tuna_pack oz=5/6/14 pack=1/4/8/12 skin_bone | - | -
jerky, dried meat; biltong | jerky_meat oz=2/3/8/10 sugar heat | - | -
chewing gum, gum; gum sticks | mint sugar pack=1/6/12/20 | breath mints | -
breath mints, mint candies; mints | mint sugar pack=1/3/6/12 | - | -
popcorn, microwave popcorn; pop corn | popcorn_flavor salt pack=3/6/12/28 | - | -

[Office]
office chair, desk chair; computer chair, task chair | fabric armrest lb=250/300/400 colour:any +ergonomic | gaming chair | chair mat
gaming chair, racing chair; gamer seat | fabric lb=250/300/400 colour:any +reclining +ergonomic | - | chair mat
chair mat, floor mat for office chair; carpet protector | inch=36/45/48/60 floor_kind | - | -
standing desk, sit stand desk; height adjustable table | inch=40/48/55/60/72 drive colour:wood drawer=1/2 | writing desk | monitor arm, desk mat
writing desk, computer desk; study table, work table | timber inch=32/40/47/55/63 style colour:wood +foldable | - | desk mat
filing cabinet, file cabinet; document cabinet | drawer=2/3/4/5 locking wheels colour:any | - | hanging folders
hanging folders, hanging file folders; suspension files | paper pack=12/20/25/50 colour:any +eco | - | -
printer, home printer; printing machine | model:printer print_tech link | - | ink cartridge, printer paper
ink cartridge, replacement ink for printer; printer ink, ink refill | fits:printer ink_color pack=1/2/4/5 | toner cartridge | -
toner cartridge, toner for printer; laser toner | fits:printer ink_color pack=1/2/4 | - | -
printer paper, copy paper; sheets for printer | paper page=100/500/1500/5000 finish +eco | photo paper | -
photo paper, photographic paper; picture printing paper | finish page=20/50/100 | - | -
notebook, journal; writing book, exercise book | ruling cover page=80/100/160/240 pack=1/2/3/5 colour:any | planner | -
planner, daily planner; agenda, diary | cover colour:any page=120/160/200 | - | -
pens, ink pens; writing pens | ink_tip ink_kind pack=1/5/12/24/60 colour:any | pencils | pencil case
pencils, wooden pencils; lead pencils | lead pack=10/12/24/48/96 eraser | - | pencil sharpener, pencil case
pencil sharpener, sharpener for pencils; lead pointer | power colour:any | - | -
pencil case, pen pouch, case for pens; stationery bag | bag_material colour:any +waterproof | - | -
markers, felt tip markers; felt pens | ink_kind pack=8/12/24/48 ink_tip | highlighters | -
highlighters, highlighter pens; text markers | pack=4/6/12/24 ink_tip | - | -
sticky notes, self stick notes; post it notes | stick_size pack=4/6/12/24 colour:any | - | -
stapler, desktop stapler; staple machine | page=20/25/40/100 power colour:any | - | staples
staples, staples for stapler; metal clips for stapler | staple_size pack=1000/5000/25000 | - | -
scissors, office scissors; shears for paper | inch=5/7/8/9 pack=1/2/3/5 colour:any | - | -
packing tape, shipping tape; parcel tape | ft=55/110/165 pack=1/3/6/12/36 tape_kind | - | -
shipping boxes, cardboard boxes; moving cartons | pack=10/20/25/50 +eco | bubble mailers | packing tape
bubble mailers, padded envelopes; jiffy bags | mailer_size pack=10/25/50/100 colour:any +waterproof | - | packing tape
whiteboard, dry erase board; wipe board | inch=12/24/36/48 mount +magnetic wheels | bulletin board | dry erase markers
bulletin board, cork board; pin board | inch=12/24/36/48 | - | push pins
push pins, thumb tacks; drawing pins | pack=50/100/200/400 colour:any | - | -
dry erase markers, whiteboard markers; board pens | pack=4/8/12/24 ink_tip scent | - | -
desk organizer, desktop organizer; stationery holder | glass_or_metal drawer=1/2/3/4 colour:any | - | -
calculator, desk calculator; adding machine | calc_kind colour:gadget | - | -
paper shredder, document shredder; paper destroyer | page=6/8/12/16/24 cut gal=3/4/6/8 +quiet | - | shredder oil
shredder oil, lubricant sheets for shredder; shredder lube | pack=6/12/24 | - | -
bookend, book ends; book holder | glass_or_metal pack=2/4/6 colour:any | - | -
"""

BROADER = """
lamp, lamps: desk lamp, table lamp, floor lamp, clip light
lighting fixture, light fixture: ceiling light, chandelier, pendant light
living room seating: sofa, loveseat, accent chair, recliner
bedroom storage, bedroom furniture: dresser, nightstand, wardrobe
shelving, shelves: bookcase, ladder shelf
cookware, pots and pans: frying pan, saute pan, wok, saucepan, stock pot, dutch oven
drinkware, cups: coffee mug, travel mug, drinking glasses, wine glasses
counter top cooker: slow cooker, pressure cooker, rice cooker
mixer, mixing machine: stand mixer, hand mixer
hoover or robot, floor cleaner: vacuum cleaner, robot vacuum
bedding, bed linen: bed sheets, duvet cover, comforter, throw blanket
towels: bath towel, hand towel, beach towel
listening gear, music earpieces: headphones, earbuds
speakers: soundbar, portable speaker
household batteries: aa batteries, aaa batteries
pc accessories, computer peripherals: keyboard, mouse, trackpad, webcam
computer: laptop, desktop computer
phone power, phone charging gear: phone charger, wireless charger, power bank
storage drive: external hard drive, usb flash drive
tops: t-shirt, polo shirt, tank top
knitwear: sweater, cardigan
jackets, outerwear: winter coat, rain jacket
pants, trousers: jeans, chinos, leggings, sweatpants
sleepwear: pajama set, nightgown
sneakers: running shoes, walking shoes
boots: hiking boots, work boots, rain boots
footwear for home and beach: sandals, flip flops, slippers
bags: backpack, messenger bag, handbag, crossbody bag
luggage: suitcase, duffel bag
hats, headwear: baseball cap, beanie
free weights: dumbbells, kettlebell
home cardio machine: treadmill, exercise bike
sports ball: basketball, soccer ball
power tools: cordless drill, impact driver, hammer drill
yard power equipment: lawn mower, string trimmer, leaf blower
garden seeds: flower seeds, vegetable seeds
dog walking gear: dog leash, dog harness, dog collar
food for dogs: dog food, wet dog food, dog treats
food for cats: cat food, wet cat food
baby feeding: baby bottle, sippy cup
building toys: building blocks, magnetic tiles
hair care: shampoo, conditioner, hair mask
skin care, skincare: face moisturizer, face serum, face cleanser
face makeup: foundation, concealer
soap: body wash, bar soap, hand soap
snacks: potato chips, tortilla chips, popcorn
sweets: chocolate bar, chocolate truffles
tinned fish: canned tuna, canned salmon
pantry spreads: nut butter, fruit jam, honey
seat for home office: office chair, gaming chair
desk: standing desk, writing desk
writing instruments: pens, pencils, markers
memo board: whiteboard, bulletin board
"""

BRANDS = """
Furniture: Halvorsen, Oaklinea | Brindle, Nestwick, Tarrow, Combwell | Plainhaus, Zivo
Lighting and decor: Lumivar, Aurelie Home | Glowmere, Patchley, Wickham Lane | Dekko, Brytes
Bed and bath: Somnara, Linara | Cloudwell, Harbor Loom, Restwise | Softee, Bazzo
Kitchen: Copperlane, Valdoro | Simmerly, Kettlefox, Homecrest | Panzy, Cookzi
Appliances: Brevano, Stahlmann | Kuvio, Whirlmax, Domeka | Zappo Home, Voltix
Electronics: Audara, Sonique | Vistara, Kinetik, Telmora | Boomzy, Nuvotek
Phones and computers: Corvion, Axiomatic | Netgrid, Plexar, Cablewise | Snapzo, Giggo
Clothing: Maison Verel, Ellery Row | Northfold, Bramble and Co, Tidewater | Basix, Wearzy
Shoes and accessories: Castellano, Ferrante | Stridewell, Treadmark, Velmora | Fleetz, Pacerly
Sports and outdoors: Summitra, Alpenor | Trailhead Co, Ridgeback, Kestrel | Fitzo, Campio
Garden and tools: Forgemann, Eisenwald | Greenacre, Toolmark, Sturdel | Yardzy, Hamrix
Pets: Royal Paw, Canisia | Barkwell, Whiskerly, Tailhaven | Petzo, Woofix
Baby and toys: Petit Nuage, Lullabee | Tinytoes, Playgrove, Wobbli | Kiddo Max, Funzy
Beauty and health: Serafine, Dermaluxe | Purely Fern, Glowell, Vitamore | Freshie, Beautix
Grocery: Terra Dolce, Monte Alba | Harvest Row, Goodgrain, Sunny Ridge | Valu Pantry, Munchy
Office: Scrivano, Executa | Deskmate, Paperline, Workwell | Officio, Jotzy
"""

MARKETING = """
premium | best seller | new | heavy duty | upgraded | gift for dad | gift for mom | top rated | deluxe | everyday |
commercial grade | great value | limited edition | 2026 model | family favorite | must have | perfect gift
"""

DETAILS = """
Ships in plain packaging. | One year limited warranty. | Designed for daily use. | Easy to clean. | Assembly takes minutes. |
Family owned since 1987. | Thirty day returns. | Tested by our own team. | Instructions in three languages. |
Loved by thousands of customers. | Made in small batches. | Customer service answers within a day. | Looks good in any home.
"""

FILLERS = """
best | good | cheap | nice | buy | deals | top rated | affordable | online | for home | sale
"""

TITLE_PATTERNS = """
{brand} {front} {noun}, {back}
{brand} {front} {noun} - {back}
{brand} {front} {noun} {back}
{front} {noun}, {back} by {brand}
{brand} {noun} - {front}, {back}
{noun}, {front}, {back}
{front} {noun} ({back})
{marketing} {brand} {front} {noun}, {back}
{marketing} {front} {noun} {back}
{brand} {model} {front} {noun}, {back}
{brand} {front} {noun}, {back}, {marketing}
{brand} {front} {noun} for {use}, {back}
{front} {noun}, {back}, for {use}
{back} {front} {noun} | {brand} {model}
"""

QUERY_PATTERNS = """
{front} {noun} {back}
{front} {noun} {back}
{front} {noun} {back}
{noun} {front} {back}
{noun} {back} {front}
{filler} {front} {noun} {back}
{back} {front} {noun}
{front} {noun} {back} {filler}
"""

NEGATIONS = """
not {} | no {} | not in {} | anything but {} | but not {} | except {} | without {} | other than {}
"""

RANGES = """
at most: up to {} | {} or less | max {} | {} or smaller
at least: at least {} | {} or more | min {} | {} and up
below: under {} | less than {} | smaller than {} | below {}
above: over {} | more than {} | bigger than {} | above {}
"""

MAIN = Tables(
    name="main",
    units=UNITS,
    attributes=ATTRIBUTES,
    models=MODELS,
    colours=COLOURS,
    types=TYPES,
    broader=BROADER,
    brands=BRANDS,
    marketing=MARKETING,
    details=DETAILS,
    fillers=FILLERS,
    negations=NEGATIONS,
    ranges=RANGES,
    title_patterns=TITLE_PATTERNS,
    query_patterns=QUERY_PATTERNS,
)
